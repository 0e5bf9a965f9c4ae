#!/usr/bin/python3 -IS
"""S3 for tests: an independent, quick reader and writer of the test server.

It shares nothing with gs3: its own few lines of HTTP (Python's takes longer to load than most
commands here to run) and of Signature Version 4. It talks to the server that the variables of
servers.sh name, to no other, and needs no package.

    state BUCKET...            everything in the buckets, a JSON object a line, sorted: each version
                               with its headers, metadata and tags, each unfinished upload
    list BUCKET                the keys as JSON strings, one a line, in the server's order
    head BUCKET KEY            {"status", "headers", "metadata"} of one object
    status BUCKET KEY          the HTTP status of a HEAD: 200, 404...
    get BUCKET KEY [FILE]      the bytes, to standard output or FILE
    tags BUCKET KEY            the object tags as a JSON object
    put BUCKET KEY FILE [HEADER: VALUE]...    FILE - is standard input
    delete BUCKET KEY
    settags BUCKET KEY NAME=VALUE...
    versioning BUCKET Enabled|Suspended
    bucket BUCKET...           make the buckets; empty those that exist
    puttree BUCKET PREFIX DIRECTORY [HEADER: VALUE]...    each file below it, by its relative name
    heads BUCKET [PREFIX]      {"key", "etag", "size", "metadata"} of each object, one a line
    uploads BUCKET...          the unfinished multipart uploads: {"bucket", "key", "upload"}
    upload BUCKET KEY [FILE]   begin a multipart upload (and send FILE as its first part): its id

More commands may follow, each after --then: one start of Python for all. Keys are given as they
are, any byte but NUL. Exit 1 and one line when the server's answer is not the expected one.
GS3T_S3_AS=other signs as the second user.
"""

import hashlib
import hmac
import json
import os
import re
import socket
import sys
import time

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
ENTITIES = (
    (b"&lt;", b"<"),
    (b"&gt;", b">"),
    (b"&quot;", b'"'),
    (b"&apos;", b"'"),
    (b"&amp;", b"&"),
)
# Headers that belong to the answer and say nothing of the object.
OF_THE_ANSWER = frozenset(
    "date connection keep-alive server accept-ranges x-amz-request-id x-amz-id-2 "
    "x-rgw-object-type x-rgw-quota-user-size transfer-encoding".split()
)


class Failure(Exception):
    """What the server or the caller did wrong, in one line."""


def encode(data, keep=b""):
    return "".join(chr(c) if c in UNRESERVED or c in keep else "%%%02X" % c for c in data)


def decode(data):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), data)


def text(data):
    """Bytes from the server as a string for JSON; what is not UTF-8 shows as \\xNN."""
    return data.decode("utf-8", "backslashreplace")


def field(xml, name):
    """The text of the first such element, entities resolved; b"" without one."""
    match = re.search(b"<" + name + b">(.*?)</" + name + b">", xml, re.S)
    value = match.group(1) if match else b""
    for entity, char in ENTITIES:
        value = value.replace(entity, char)
    return value


class Connection:
    """HTTP/1.1 to HOST:PORT, kept from one request to the next."""

    def __init__(self, host):
        self.host, self.socket, self.reader = host, None, None

    def line(self):
        line = self.reader.readline(65536)
        if not line.endswith(b"\r\n"):
            raise OSError("the answer ended in its headers")
        return line[:-2]

    def read(self, length):
        data = self.reader.read(length)
        if len(data) < length:
            raise OSError(f"{len(data)} bytes came of {length}")
        return data

    def chunks(self):
        while True:
            data = self.read(int(self.line().partition(b";")[0], 16))
            if data:
                yield data
            if self.line() == b"" and not data:
                return

    def headers(self):
        """As (lower-case name, value) pairs."""
        while line := self.line():
            name, _, value = line.partition(b":")
            yield name.decode("iso-8859-1").lower(), text(value.strip())

    def ask(self, method, message):
        """Returns (status, headers as pairs, body)."""
        if self.socket is None:
            host, _, port = self.host.partition(":")
            self.socket = socket.create_connection((host, int(port)), timeout=60)
            self.reader = self.socket.makefile("rb")
        self.socket.sendall(message)
        status = 100
        while status < 200:
            status, headers = int(self.line().split()[1]), list(self.headers())
        said = dict(headers)
        if method == "HEAD" or status in (204, 304):
            data = b""
        elif "chunked" in said.get("transfer-encoding", ""):
            data = b"".join(self.chunks())
        else:
            data = self.read(int(said["content-length"]))
        if said.get("connection", "").lower() == "close":
            self.socket = None
        return status, headers, data


class Server:
    """One connection, kept, to the test server."""

    def __init__(self):
        env = os.environ
        suffix = "2" if env.get("GS3T_S3_AS") == "other" else ""
        try:
            self.host = re.fullmatch(r"http://([a-z0-9.]+:\d+)", env["GS3T_S3_HTTP"]).group(1)
            self.access_key = env["GS3T_ACCESS_KEY" + suffix]
            self.secret_key = env["GS3T_SECRET_KEY" + suffix]
        except (KeyError, AttributeError) as cause:
            raise Failure(f"the variables of servers.sh are not set ({cause})") from None
        self.region = env.get("GS3T_REGION", "us-east-1")
        self.connection = Connection(self.host)

    def authorization(self, method, path, query, headers):
        """The header of Signature Version 4; headers: lower-case names, bytes values."""
        names = ";".join(sorted(headers))
        canonical = b"\n".join(
            [method.encode(), path.encode(), query.encode()]
            + [n.encode() + b":" + b" ".join(headers[n].split()) for n in sorted(headers)]
            + [b"", names.encode(), headers["x-amz-content-sha256"]]
        )
        stamp = headers["x-amz-date"].decode()
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(canonical).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        key = b"AWS4" + self.secret_key.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )

    def request(self, method, bucket, key=b"", query=(), headers=(), body=b""):
        """Returns (status, headers with lower-case names, body). query: (name, bytes) pairs."""
        path = "/" + bucket + ("/" + encode(key, keep=b"/") if key else "")
        query = "&".join(sorted(f"{name}={encode(value)}" for name, value in query))
        sent = dict(headers)
        sent["host"] = self.host.encode()
        sent["user-agent"] = b"gs3-test"
        sent["x-amz-date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()).encode()
        sent["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest().encode()
        sent["authorization"] = self.authorization(method, path, query, sent).encode()
        target = path + ("?" + query if query else "")
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body)).encode()
        lines = [f"{method} {target} HTTP/1.1".encode()]
        lines += [name.encode() + b": " + value for name, value in sent.items()]
        try:
            status, headers, data = self.connection.ask(
                method, b"\r\n".join(lines) + b"\r\n\r\n" + body
            )
        except (OSError, ValueError, LookupError) as cause:
            raise Failure(f"{method} {target}: {cause!r}") from None
        got = {}
        for name, value in headers:
            got[name] = f"{got[name]}, {value}" if name in got else value
        return status, got, data

    def must(self, *args, expect=(200,), **kwargs):
        status, headers, data = self.request(*args, **kwargs)
        if status not in expect:
            what = " ".join(str(arg) for arg in args)
            raise Failure(f"{what}: HTTP {status}: {text(field(data, b'Code') or data[:200])}")
        return status, headers, data


def listing(server, bucket, what):
    """Every entry of ListObjectVersions ("versions") or ListMultipartUploads ("uploads") as a dict;
    None when there is no such bucket."""
    entries = []
    limit, second = {
        "versions": ("max-keys", ("version-id-marker", "version")),
        "uploads": ("max-uploads", ("upload-id-marker", "upload")),
    }[what]
    query = [(what, b""), (limit, b"1000"), ("encoding-type", b"url")]
    page = query
    while True:
        status, _, data = server.must("GET", bucket, query=page, expect=(200, 404))
        if status == 404:
            return None
        found = re.findall(rb"<(Version|DeleteMarker|Upload)>(.*?)</\1>", data, re.S)
        for kind, xml in found:
            # The test server percent-encodes the keys of versions, not those of uploads.
            key = field(xml, b"Key")
            entry = {"bucket": bucket, "raw": key if kind == b"Upload" else decode(key)}
            if kind == b"Upload":
                entry |= {"kind": "upload", "upload": text(field(xml, b"UploadId"))}
            else:
                entry |= {
                    "kind": "object" if kind == b"Version" else "delete-marker",
                    "version": text(field(xml, b"VersionId")),
                    "latest": field(xml, b"IsLatest") == b"true",
                    "last_modified": text(field(xml, b"LastModified")),
                    "etag": text(field(xml, b"ETag")),
                    "size": int(field(xml, b"Size") or 0),
                }
            entries.append(entry)
        if field(data, b"IsTruncated") != b"true":
            return entries
        if not found:
            raise Failure(f"listing {bucket}: a truncated page without entries")
        page = query + [
            ("key-marker", entries[-1]["raw"]),
            (second[0], entries[-1][second[1]].encode()),
        ]


def describe(status, headers):
    prefix = "x-amz-meta-"
    return {
        "status": status,
        "headers": {
            name: value
            for name, value in headers.items()
            if name not in OF_THE_ANSWER and not name.startswith(prefix)
        },
        "metadata": {
            name[len(prefix) :]: value
            for name, value in headers.items()
            if name.startswith(prefix)
        },
    }


def tags_of(server, bucket, key, query=()):
    """The tags, or None where there can be none (a delete marker)."""
    expect = (200, 400, 404, 405)
    query = [("tagging", b""), *query]
    status, _, data = server.must("GET", bucket, key, query=query, expect=expect)
    if status != 200:
        return None
    sets = re.findall(rb"<Tag>(.*?)</Tag>", data, re.S)
    return {text(field(xml, b"Key")): text(field(xml, b"Value")) for xml in sets}


def emit(value):
    sys.stdout.write(json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n")


def state(server, *buckets):
    for bucket in sorted(buckets):
        entries = listing(server, bucket, "versions")
        if entries is None:
            emit({"bucket": bucket, "missing": True})
            continue
        entries += listing(server, bucket, "uploads") or []
        for entry in entries:
            entry["order"] = (entry["raw"], entry["kind"], entry.get("version", ""))
        for entry in sorted(entries, key=lambda e: e["order"]):
            key = entry.pop("raw")
            del entry["order"]
            entry["key"] = text(key)
            if entry["kind"] != "upload":
                version = [("versionId", entry["version"].encode())]
                status, headers, _ = server.request("HEAD", bucket, key, query=version)
                entry |= describe(status, headers)
                entry["tags"] = tags_of(server, bucket, key, version)
            emit(entry)


def list_keys(server, bucket):
    entries = listing(server, bucket, "versions")
    if entries is None:
        raise Failure(f"no bucket {bucket}")
    for entry in entries:
        if entry["kind"] == "object" and entry["latest"]:
            emit(text(entry["raw"]))


def head(server, bucket, key):
    status, headers, _ = server.request("HEAD", bucket, os.fsencode(key))
    emit(describe(status, headers))


def status_of(server, bucket, key):
    print(server.request("HEAD", bucket, os.fsencode(key))[0])


def get(server, bucket, key, path=None):
    _, _, data = server.must("GET", bucket, os.fsencode(key))
    if path is None:
        sys.stdout.buffer.write(data)
        return
    with open(path, "wb") as file:
        file.write(data)


def tags(server, bucket, key):
    emit(tags_of(server, bucket, os.fsencode(key)))


def put(server, bucket, key, path, *headers):
    if path == "-":
        body = sys.stdin.buffer.read()
    else:
        with open(path, "rb") as file:
            body = file.read()
    pairs = [os.fsencode(header).partition(b":") for header in headers]
    named = {name.decode().strip().lower(): value.strip() for name, _, value in pairs}
    server.must("PUT", bucket, os.fsencode(key), headers=named, body=body)


def delete(server, bucket, key):
    server.must("DELETE", bucket, os.fsencode(key), expect=(200, 204))


def put_tree(server, bucket, prefix, directory, *headers):
    root = os.fsencode(directory)
    for at, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = os.path.join(at, name)
            key = os.fsencode(prefix) + os.path.relpath(path, root)
            put(server, bucket, os.fsdecode(key), os.fsdecode(path), *headers)


def heads(server, bucket, prefix=""):
    """Of the newest versions; the metadata is null when the object went away meanwhile."""
    for entry in listing(server, bucket, "versions") or []:
        key = entry["raw"]
        if entry["kind"] != "object" or not entry["latest"]:
            continue
        if not key.startswith(os.fsencode(prefix)):
            continue
        status, headers, _ = server.request("HEAD", bucket, key)
        found = describe(status, headers)["metadata"] if status == 200 else None
        emit({"key": text(key), "etag": entry["etag"], "size": entry["size"], "metadata": found})


def uploads(server, *buckets):
    for bucket in buckets:
        for entry in listing(server, bucket, "uploads") or []:
            emit({"bucket": bucket, "key": text(entry["raw"]), "upload": entry["upload"]})


def upload(server, bucket, key, path=None):
    key = os.fsencode(key)
    _, _, data = server.must("POST", bucket, key, query=[("uploads", b"")])
    number = field(data, b"UploadId")
    if path is not None:
        with open(path, "rb") as file:
            query = [("partNumber", b"1"), ("uploadId", number)]
            server.must("PUT", bucket, key, query=query, body=file.read())
    print(text(number))


def escape(value):
    for entity, char in reversed(ENTITIES):
        value = value.replace(char, entity)
    return value


def set_tags(server, bucket, key, *pairs):
    split = [os.fsencode(pair).partition(b"=") for pair in pairs]
    body = b"".join(
        b"<Tag><Key>" + escape(name) + b"</Key><Value>" + escape(value) + b"</Value></Tag>"
        for name, _, value in split
    )
    body = b"<Tagging><TagSet>" + body + b"</TagSet></Tagging>"
    query = [("tagging", b"")]
    server.must("PUT", bucket, os.fsencode(key), query=query, body=body)


def versioning(server, bucket, wanted):
    body = f"<VersioningConfiguration><Status>{wanted}</Status></VersioningConfiguration>"
    server.must("PUT", bucket, query=[("versioning", b"")], body=body.encode())


def make_buckets(server, *buckets):
    for bucket in buckets:
        for entry in listing(server, bucket, "versions") or []:
            query = [("versionId", entry["version"].encode())]
            server.must("DELETE", bucket, entry["raw"], query=query, expect=(204,))
        for entry in listing(server, bucket, "uploads") or []:
            query = [("uploadId", entry["upload"].encode())]
            server.must("DELETE", bucket, entry["raw"], query=query, expect=(204, 404))
        server.must("PUT", bucket)


COMMANDS = {
    # name: (function, least and most arguments; None: no most)
    "state": (state, 1, None),
    "list": (list_keys, 1, 1),
    "head": (head, 2, 2),
    "status": (status_of, 2, 2),
    "get": (get, 2, 3),
    "tags": (tags, 2, 2),
    "put": (put, 3, None),
    "delete": (delete, 2, 2),
    "settags": (set_tags, 2, None),
    "versioning": (versioning, 2, 2),
    "bucket": (make_buckets, 1, None),
    "puttree": (put_tree, 3, None),
    "heads": (heads, 1, 2),
    "uploads": (uploads, 1, None),
    "upload": (upload, 2, 3),
}


def main(argv):
    end = argv.index("--then") if "--then" in argv else len(argv)
    rest = argv[end + 1 :]
    argv = argv[:end]
    function, least, most = COMMANDS.get(argv[0] if argv else "", (None, 0, 0))
    if not function or len(argv) - 1 < least or (most is not None and len(argv) - 1 > most):
        sys.stderr.write(__doc__)
        return 2
    try:
        function(Server(), *argv[1:])
    except (Failure, OSError) as failure:
        sys.stderr.write(f"s3.py: {argv[0]}: {failure}\n")
        return 1
    return main(rest) if rest else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    sys.exit(main(sys.argv[1:]))
