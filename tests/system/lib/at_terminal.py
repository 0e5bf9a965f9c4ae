#!/usr/bin/env python3
"""at_terminal.py QUESTION ANSWER PROGRAM [ARGUMENT]...: run the program with a terminal of its own,
type the answer when the question is there, print what the terminal showed, and end with the
program's exit status. The terminal is the program's /dev/tty and its standard streams."""
import os
import pty
import select
import sys
import time

question, answer, *program = sys.argv[1:]
deadline = time.monotonic() + 60
pid, terminal = pty.fork()
if pid == 0:
    os.execv(program[0], program)
shown = b""
typed = False
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        got = os.read(terminal, 4096)
    except OSError:  # the program has closed the terminal
        break
    if not got:
        break
    shown += got
    if not typed and question.encode() in shown:
        os.write(terminal, answer.encode() + b"\n")
        typed = True
sys.stdout.write(shown.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
