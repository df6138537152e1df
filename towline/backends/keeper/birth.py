"""Starting one runner: a child with nothing of the keeper's but what it is meant to have."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Mapping
from typing import NoReturn

from towline.backends.keeper.program import Program

LIFELINE = 3
"""The descriptor that a runner's TOWLINE_LIFELINE names."""

NOT_EXECUTED = 126
"""The child's status when it could not become the runner; its complaint says why."""


def start(
    program: Program, environment: Mapping[str, str], *, lifeline: int, complaints: int
) -> int:
    """Fork a runner and give its pid. Raises ``OSError`` when the system has no process to give.

    ``lifeline`` is the read end that it inherits; ``complaints`` is what becomes its standard
    error. It leads a session of its own, with all signals as a fresh process has them.
    """
    # Until the child has dispositions of its own it would lose a signal that the keeper ignores;
    # one that is blocked stays pending instead (signal(7)).
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            told = {**environment, "TOWLINE_LIFELINE": str(LIFELINE)}
            _become(program, told, lifeline, complaints)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return pid


def _become(
    program: Program, environment: Mapping[str, str], lifeline: int, complaints: int
) -> NoReturn:
    """In the child: never returns, whatever happens."""
    try:
        os.dup2(complaints, 2)
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if signal.getsignal(number) is not None:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.setsid()
        _descriptors(lifeline, complaints)
        program.become(environment)
    except BaseException as trouble:  # noqa: BLE001 - a fork of the keeper must not live on as one
        os.write(2, f"the runner could not be started: {trouble}\n".encode())
    os._exit(NOT_EXECUTED)


def _descriptors(lifeline: int, complaints: int) -> None:
    """0 and 1 are /dev/null, 2 the complaints, 3 the lifeline, and there are no others."""
    null = os.open("/dev/null", os.O_RDWR)
    # Duplicates above 9 first: a source may be one of the numbers that are about to be replaced.
    sources = [_above(null), _above(null), _above(complaints), _above(lifeline)]
    for target, source in enumerate(sources):
        os.dup2(source, target, inheritable=True)
    os.closerange(LIFELINE + 1, os.sysconf("SC_OPEN_MAX"))


def _above(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
