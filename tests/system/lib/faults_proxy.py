#!/usr/bin/python3 -IS
"""A proxy before an S3 server that breaks what it is told to break, and keeps a record.

    faults_proxy.py --upstream HOST:PORT --port-file FILE --log FILE --rules FILE [--seed N]

Plain HTTP on loopback; bytes pass as they are, so that signatures hold. The log has one JSON object
for each request, when its answer is done: op, method, target, status (0: none was sent), fault,
bytes (of the request's body), answered (bytes of the answer's body), headers (those S3 looks at).

The rules, one a line, read again when the file changes (the counts then start anew); of each
request the first that applies and hits:

    KIND RATE [TIMES|- [ARGUMENT|- [PATTERN]]]

RATE is a share between 0 and 1. Which requests are hit is decided by the seed, the request and how
often it came before: not by the order in which concurrent ones arrive. TIMES: so often at most.
PATTERN: a regular expression searched for in "OP METHOD TARGET".

    reset-before   reset once the request's head is read; nothing is forwarded
    reset-body     half of the request's body is forwarded, then both sides are reset
    reset-after    all is done on the server, and reset instead of the answer
    truncate       reset in the middle of the answer's body
    close          as truncate, with an orderly end of the connection
    stall          the answer stops in the middle for ARGUMENT seconds (2)
    delay          the request waits ARGUMENT seconds (0.1) before it is forwarded
    hold           the request waits until there is a file ARGUMENT, a minute at most
    status         ARGUMENT (503,SlowDown) is answered; nothing is forwarded
    error200       CopyObject, UploadPartCopy, CompleteMultipartUpload: 200 with an <Error>;
                   ARGUMENT "done": the server has done it all the same
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import resource
import socket
import struct
import sys
import urllib.parse

KINDS = frozenset(
    "reset-before reset-body reset-after truncate close stall delay hold status error200".split()
)
DEFAULTS = {"stall": "2", "delay": "0.1", "status": "503,SlowDown"}
ANSWERED_LATE = frozenset(("CopyObject", "UploadPartCopy", "CompleteMultipartUpload"))
CHUNK = 256 * 1024
HEAD_MAXIMUM = 128 * 1024
KEPT_HEADERS = re.compile(
    r"x-amz-(?!date|content-sha256|security-token)|content-|cache-control|expires|if-|range"
)
# (method, has a key, names that must be in the query, has a copy source): the operation.
OPERATIONS = (
    ("PUT", True, ("partNumber", "uploadId"), True, "UploadPartCopy"),
    ("PUT", True, ("partNumber", "uploadId"), False, "UploadPart"),
    ("PUT", True, ("tagging",), False, "PutObjectTagging"),
    ("PUT", True, ("acl",), False, "PutObjectAcl"),
    ("PUT", True, (), True, "CopyObject"),
    ("PUT", True, (), False, "PutObject"),
    ("POST", True, ("uploads",), False, "CreateMultipartUpload"),
    ("POST", True, ("uploadId",), False, "CompleteMultipartUpload"),
    ("POST", False, ("delete",), False, "DeleteObjects"),
    ("DELETE", True, ("uploadId",), False, "AbortMultipartUpload"),
    ("DELETE", True, (), False, "DeleteObject"),
    ("GET", True, ("uploadId",), False, "ListParts"),
    ("GET", True, ("tagging",), False, "GetObjectTagging"),
    ("GET", True, (), False, "GetObject"),
    ("GET", False, ("uploads",), False, "ListMultipartUploads"),
    ("GET", False, ("location",), False, "GetBucketLocation"),
    ("GET", False, (), False, "ListObjectsV2"),
    ("HEAD", True, (), False, "HeadObject"),
    ("HEAD", False, (), False, "HeadBucket"),
)


class Broken(Exception):
    """The other side ended, or a fault ends it."""


async def appears(path):
    for _ in range(6000):
        if os.path.exists(path):
            return
        await asyncio.sleep(0.01)


class Head:
    """The first line and the headers of a message."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("iso-8859-1").split("\r\n")
        self.first = lines[0].split(" ", 2)
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.headers[name.strip().lower()] = value.strip()

    def length(self):
        return int(self.headers.get("content-length", "0"))

    def is_chunked(self):
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    def closes(self):
        return "close" in self.headers.get("connection", "").lower()


class Request(Head):
    def __init__(self, raw):
        super().__init__(raw)
        self.method, self.target = self.first[0], self.first[1]
        path, _, query = self.target.partition("?")
        has_key = bool(path[1:].partition("/")[2])
        names = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        copies = "x-amz-copy-source" in self.headers
        self.op = self.method
        for method, keyed, needed, copy, name in OPERATIONS:
            if (method, keyed, copy) == (self.method, has_key, copies) and all(
                word in names for word in needed
            ):
                self.op = name
                break
        # The same thing in another run has another upload's id.
        self.identity = self.method + " " + re.sub(r"uploadId=[^&]*", "", self.target)


class Rule:
    def __init__(self, number, line):
        fields = line.split(None, 4) + ["-"] * 4
        self.number, self.kind, self.rate = number, fields[0], float(fields[1])
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind}")
        self.left = None if fields[2] == "-" else int(fields[2])
        self.argument = DEFAULTS.get(self.kind, "") if fields[3] == "-" else fields[3]
        self.pattern = None if fields[4] == "-" else re.compile(fields[4].strip())

    def hits(self, request, seed, attempt):
        if self.left == 0 or (self.kind == "error200" and request.op not in ANSWERED_LATE):
            return False
        text = f"{request.op} {request.method} {request.target}"
        if self.pattern and not self.pattern.search(text):
            return False
        what = f"{seed} {self.number} {attempt} {request.identity}".encode("iso-8859-1")
        number = int.from_bytes(hashlib.blake2b(what, digest_size=6).digest(), "big")
        if number >= self.rate * (1 << 48):
            return False
        if self.left:
            self.left -= 1
        return True


class Rules:
    def __init__(self, path, seed):
        self.path, self.seed, self.stamp = path, seed, None
        self.rules, self.attempts = [], {}

    def pick(self, request):
        info = os.stat(self.path)
        if (info.st_mtime_ns, info.st_ino) != self.stamp:
            self.stamp = (info.st_mtime_ns, info.st_ino)
            self.attempts = {}
            with open(self.path, encoding="utf-8") as file:
                lines = [line for line in file.read().splitlines() if line.strip()]
            self.rules = [Rule(number, line) for number, line in enumerate(lines)]
        attempt = self.attempts[request.identity] = self.attempts.get(request.identity, -1) + 1
        for rule in self.rules:
            if rule.hits(request, self.seed, attempt):
                return rule.kind, rule.argument
        return None, ""


def reset(writer):
    """The connection ends with RST, not with FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def pump(reader, writer, length):
    """Passes exactly so many bytes; writer None: throws them away."""
    while length > 0:
        data = await reader.read(min(length, CHUNK))
        if not data:
            raise Broken("end of body")
        length -= len(data)
        if writer is not None:
            writer.write(data)
            await writer.drain()


async def read_chunked(reader):
    """A chunked body as it came, frames and all: only listings and errors come so."""
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        raw += line + await reader.readexactly(size + 2)
        if size == 0:
            return raw


async def read_head(reader, kind):
    try:
        return kind(await reader.readuntil(b"\r\n\r\n"))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class Exchange:
    """One request and its answer."""

    def __init__(self, link, request, fault, argument):
        self.link, self.request, self.fault, self.argument = link, request, fault, argument
        self.status, self.answered = 0, 0

    async def run(self):
        """True when the client's connection can go on."""
        client, length = self.link.client_writer, self.request.length()
        expects = self.request.headers.get("expect", "").lower() == "100-continue"
        if self.fault == "reset-before":
            reset(client)
            return False
        if self.fault == "delay":
            await asyncio.sleep(float(self.argument))
        if self.fault == "hold":
            await appears(self.argument)
        if self.fault == "status" or (self.fault == "error200" and self.argument != "done"):
            if not expects:
                await pump(self.link.client_reader, None, length)
            await self.answer_error(expects)
            return not expects
        await self.link.open_upstream()
        self.link.upstream_writer.write(self.request.raw)
        await self.link.upstream_writer.drain()
        if self.fault == "reset-body":
            await pump(self.link.client_reader, self.link.upstream_writer, length // 2)
            self.link.reset_both()
            return False
        body = asyncio.ensure_future(
            pump(self.link.client_reader, self.link.upstream_writer, length)
        )
        try:
            goes_on = await self.answer()
            # An answer that came before the whole body ends the connection.
            await asyncio.wait({body}, timeout=0.5)
            return goes_on and body.done() and body.exception() is None
        finally:
            body.cancel()
            await asyncio.gather(body, return_exceptions=True)

    async def answer_error(self, closes=False):
        if self.fault == "error200":
            self.status, code = 200, "InternalError"
        else:
            number, _, code = self.argument.partition(",")
            self.status = int(number)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
        ).encode()
        if self.request.method == "HEAD":
            body = b""
        head = f"HTTP/1.1 {self.status} {code}\r\nContent-Type: application/xml\r\n"
        head += "Connection: close\r\n" if closes else ""
        head += f"Content-Length: {len(body)}\r\n\r\n"
        self.answered = len(body)
        self.link.client_writer.write(head.encode() + body)
        await self.link.client_writer.drain()

    async def answer(self):
        upstream, client = self.link.upstream_reader, self.link.client_writer
        while True:
            head = await read_head(upstream, Head)
            if head is None:
                raise Broken("no answer")
            if not head.first[1].startswith("1"):
                break
            client.write(head.raw)
        has_body = self.request.method != "HEAD" and head.first[1] not in ("204", "304")
        chunked = await read_chunked(upstream) if has_body and head.is_chunked() else None
        length = len(chunked) if chunked is not None else head.length() if has_body else 0
        if self.fault in ("reset-after", "error200"):
            await pump(upstream, None, 0 if chunked is not None else length)
            if self.fault == "error200":
                await self.answer_error()
                return not head.closes()
            reset(client)
            return False
        self.status, self.answered = int(head.first[1]), length
        client.write(head.raw)
        await self.answer_body(chunked, length)
        return not head.closes() and not self.request.closes()

    async def answer_body(self, chunked, length):
        upstream, client = self.link.upstream_reader, self.link.client_writer
        if chunked is not None:
            upstream = asyncio.StreamReader(limit=CHUNK)
            upstream.feed_data(chunked)
            upstream.feed_eof()
        first = length // 2 if self.fault in ("truncate", "close", "stall") else 0
        await pump(upstream, client, first)
        if self.fault in ("truncate", "close"):
            await client.drain()
            self.answered = first
            if self.fault == "truncate":
                reset(client)
            raise Broken("as told")
        if self.fault == "stall":
            await asyncio.sleep(float(self.argument))
        await pump(upstream, client, length - first)
        await client.drain()


class Link:
    """One client's connection and its own to the server."""

    def __init__(self, proxy, reader, writer):
        self.proxy, self.client_reader, self.client_writer = proxy, reader, writer
        self.upstream_reader = self.upstream_writer = None

    async def open_upstream(self):
        if self.upstream_writer is None:
            self.upstream_reader, self.upstream_writer = await asyncio.open_connection(
                *self.proxy.upstream, limit=HEAD_MAXIMUM
            )

    def reset_both(self):
        reset(self.client_writer)
        if self.upstream_writer is not None:
            reset(self.upstream_writer)

    async def run(self):
        goes_on = True
        while goes_on:
            request = await read_head(self.client_reader, Request)
            if request is None:
                return
            fault, argument = self.proxy.rules.pick(request)
            exchange = Exchange(self, request, fault, argument)
            try:
                goes_on = await exchange.run()
            finally:
                self.proxy.record(exchange)

    def close(self):
        for writer in (self.client_writer, self.upstream_writer):
            if writer is not None:
                writer.close()


class Proxy:
    def __init__(self, arguments):
        host, _, port = arguments.upstream.rpartition(":")
        self.upstream = (host, int(port))
        self.rules = Rules(arguments.rules, arguments.seed)
        self.log = open(arguments.log, "a", encoding="utf-8")

    def record(self, exchange):
        request = exchange.request
        headers = {n: v for n, v in request.headers.items() if KEPT_HEADERS.match(n)}
        entry = {
            "op": request.op,
            "method": request.method,
            "target": request.target,
            "status": exchange.status,
            "fault": exchange.fault,
            "bytes": request.length(),
            "answered": exchange.answered,
            "headers": headers,
        }
        self.log.write(json.dumps(entry) + "\n")
        self.log.flush()

    async def serve(self, reader, writer):
        link = Link(self, reader, writer)
        try:
            await link.run()
        except (Broken, ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            link.close()


async def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("upstream", "port-file", "log", "rules"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--seed", default="1")
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    proxy = Proxy(arguments)
    server = await asyncio.start_server(
        proxy.serve, "127.0.0.1", 0, limit=HEAD_MAXIMUM, backlog=1024
    )
    with open(arguments.port_file + ".new", "w", encoding="utf-8") as file:
        print(server.sockets[0].getsockname()[1], file=file)
    os.rename(arguments.port_file + ".new", arguments.port_file)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
