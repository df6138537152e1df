"""Reads the script's output to its end, or until it is told that the end won't come."""

from __future__ import annotations

import os
import select
import time

from towline_runner.facts import Facts
from towline_runner.log import Log

_SMALL = 1 << 16
_LARGE = 1 << 18
# A script that writes line by line would wake us for each; so briefly, nobody sees the difference.
_GATHER_S = 0.002
_BUSY_S = 0.01


class Reader:
    """One thread runs ``run``. ``log`` is set before anything can be written."""

    def __init__(self, output: int, facts: Facts) -> None:
        self._output = output
        self._facts = facts
        self._told, self._teller = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.log: Log | None = None
        self.last_output = 0.0
        self.stopped = False

    def stop(self) -> None:
        """Read no further: whatever still holds the pipe open is none of the job's. Repeatable."""
        self.stopped = True
        os.write(self._teller, b".")

    def run(self) -> None:
        """The thread's body."""
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._told, select.POLLIN)
        pause = select.poll()
        pause.register(self._told, select.POLLIN)
        size = _SMALL
        while True:
            log = self.log
            if not poll.poll(None if log is None else self._until_due(log)):
                if log is not None:
                    log.tick()
                continue
            data = b"" if self.stopped else os.read(self._output, size)
            if not data:
                break
            now = time.monotonic()
            busy = now - self.last_output < _BUSY_S
            self.last_output = now
            assert self.log is not None  # noqa: S101 - for the type checker: set before the script
            self.log.write(data)
            self.log.tick()
            if len(data) == size:
                size = _LARGE
            elif busy and len(data) < _SMALL // 4:
                pause.poll(_GATHER_S * 1000)
        self._facts.tell("output_ended")
        if self.log is not None:
            self.log.finish()

    @staticmethod
    def _until_due(log: Log) -> float | None:
        due = log.due_at()
        return None if due is None else max(0.0, (due - time.monotonic()) * 1000)
