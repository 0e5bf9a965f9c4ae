#!/usr/bin/python3 -I
"""Run Python's clients of the tests without the second that their modules take to load.

    warm.py PROGRAM SOCKET

has loaded PROGRAM, and forks for each caller of gs3-warm (../warm.c), which hands over its
descriptors 0 to 2, its directory, umask, arguments and environment, and gets the exit status. A
client is ended when its caller is.

    s3      s3.py
    aws     Debian's AWS CLI, as it is, but that each file of its models is parsed once, and that its
            cache is below the HOME of warm.py: its modules look for it when they load
"""

import array
import gc
import importlib
import os
import pathlib
import selectors
import signal
import socket
import struct
import sys
import time
import traceback

HEAD = struct.Struct("=III")  # arguments, bytes of arguments and environment, umask
DESCRIPTORS = 4
STATUS = struct.Struct("=i")


def load_s3():
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    return importlib.import_module("s3").main


def load_aws():
    # Nothing of the user's own configuration.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    import awscli.clidriver
    import botocore.loaders
    import botocore.session

    parsed, parse = {}, botocore.loaders.JSONFileLoader.load_file

    def load_file(self, path):
        if path not in parsed:
            parsed[path] = parse(self, path)
        return parsed[path]

    botocore.loaders.JSONFileLoader.load_file = load_file
    awscli.clidriver.create_clidriver()
    client = botocore.session.get_session().create_client(
        "s3", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-"
    )
    client.get_paginator("list_objects_v2")

    data = os.environ["AWS_DATA_PATH"]  # set by its modules when they load

    def main(arguments):
        os.environ.setdefault("AWS_DATA_PATH", data)
        sys.argv[1:] = arguments
        return awscli.clidriver.main()

    return main


def receive(connection):
    """The arguments, the environment, the umask and the descriptors of a caller."""
    descriptors = array.array("i")
    room = socket.CMSG_SPACE(DESCRIPTORS * descriptors.itemsize)
    head, ancillary, _, _ = connection.recvmsg(HEAD.size, room)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data)
    count, length, umask = HEAD.unpack(head)
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise OSError("the caller went")
        data += more
    words = data.split(b"\0")[:-1]
    return words[:count], words[count:], umask, descriptors


def become(caller, program):
    """In the child: all of the caller's, and the program. Never returns."""
    arguments, environment, umask, descriptors = caller
    status = 1
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as in any Python
        os.umask(umask)
        os.fchdir(descriptors[3])
        for number in range(3):
            os.dup2(descriptors[number], number)
        for descriptor in descriptors:
            os.close(descriptor)
        text = {"encoding": "utf-8", "closefd": False}
        sys.stdin = open(0, errors="surrogateescape", **text)
        sys.stdout = open(1, "w", errors="surrogateescape", **text)
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", **text)
        os.environ.clear()
        for pair in environment:
            name, _, value = pair.partition(b"=")
            os.environb[name] = value
        time.tzset()
        status = program(list(map(os.fsdecode, arguments)))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                status = status or 120
        os._exit((status or 0) & 255)


class Server:
    def __init__(self, listener, program):
        self.listener, self.program = listener, program
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, (self.begin, None))

    def begin(self, _):
        connection, _ = self.listener.accept()
        try:
            caller = receive(connection)
        except (OSError, struct.error):
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            # Copies of what others wait on: theirs ends with the parent's.
            for key in list(self.selector.get_map().values()):
                os.close(key.fd)
            become(caller, self.program)
        for descriptor in caller[3]:
            os.close(descriptor)
        child = (pid, os.pidfd_open(pid), connection)
        self.selector.register(child[1], selectors.EVENT_READ, (self.end, child))
        self.selector.register(connection, selectors.EVENT_READ, (self.gone, child))

    def gone(self, child):
        """The caller has ended, and the client with it."""
        signal.pidfd_send_signal(child[1], signal.SIGTERM)
        self.selector.unregister(child[2])

    def end(self, child):
        pid, handle, connection = child
        _, status = os.waitpid(pid, 0)
        self.selector.unregister(handle)
        os.close(handle)
        try:
            self.selector.unregister(connection)
            connection.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
        except (KeyError, OSError):
            pass
        connection.close()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                # One that an earlier event of this round has ended is none any more.
                if self.selector.get_map().get(key.fd) is key:
                    function, argument = key.data
                    function(argument)


def main():
    name, path = sys.argv[1:]
    sys.dont_write_bytecode = True
    program = {"s3": load_s3, "aws": load_aws}[name]()
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(64)
    os.rename(path + ".new", path)
    Server(listener, program).run()


if __name__ == "__main__":
    main()
