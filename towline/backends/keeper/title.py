"""What ``ps`` shows of a process that was forked and executes no program of its own."""

from __future__ import annotations

import ctypes

PR_SET_NAME = 15
ARGUMENTS_START, ARGUMENTS_END = 45, 46
"""Fields 48 and 49 of /proc/<pid>/stat (proc(5)), counted after the name: where argv lies."""


def set_title(*words: str) -> None:
    """Replace this process's argv, as far as it has room, and its name by the first word.

    For people who look for a process; nothing depends on it, so trouble is of no account.
    """
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return
    start, end = int(fields[ARGUMENTS_START]), int(fields[ARGUMENTS_END])
    room = end - start
    if start <= 0 or room <= 1:
        return
    text = b"\0".join(word.encode() for word in words)[: room - 1]
    ctypes.memmove(start, text.ljust(room, b"\0"), room)
    ctypes.CDLL(None).prctl(PR_SET_NAME, words[0].encode(), 0, 0, 0)
