"""The script's life as the main thread sees it: waits, deadlines, ending, the last of its
output."""

from __future__ import annotations

import os
import time

from towline_runner import signals
from towline_runner.descendants import Descendants, childless, reap_all
from towline_runner.facts import Facts
from towline_runner.work import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

OWNER_LOST_GRACE_S = 2.0
_KILL_AGAIN_S = 0.2
_END_WITHIN_S = 10.0
_LAST_OUTPUT_S = 2.0
_LEAVING_S = 0.03
_FAR = 3600.0


class Ending:
    """How the script ended: raw wait status, and what had begun to end it before it did."""

    def __init__(self, status: int, ended_by: str) -> None:
        self.status = status
        self.ended_by = ended_by

    @property
    def code(self) -> int | None:
        return os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else None

    @property
    def signal(self) -> int | None:
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None


class Supervisor:
    """Watches one script. All times are of the monotonic clock, in seconds."""

    def __init__(
        self,
        pid: int,
        limits: Limits,
        facts: Facts,
        descendants: Descendants,
        last_output: Callable[[], float],
    ) -> None:
        """``last_output``: when the script last wrote something; 0 when it has not."""
        self._pid = pid
        self._limits = limits
        self._facts = facts
        self._descendants = descendants
        self._last_output = last_output
        self._started = time.monotonic()
        self._ended_by: str | None = None
        self._kill_at = 0.0
        self._status: int | None = None

    def watch(self) -> Ending:
        """Wait for the script's own process to end, and end it when its time has come."""
        while True:
            self._reap()
            if self._status is not None:
                return Ending(self._status, self._ended_by or "script")
            self._act(time.monotonic())
            received = signals.wait(self._next_deadline() - time.monotonic())
            if received is not None and received.asks_to_stop and self._ended_by is None:
                self._consider(received)

    def drain(self) -> tuple[bool, int]:
        """After the script's end: wait for the rest of the output, then end whatever is left.

        Whether the output came to its end by itself, and how many processes were still there.
        """
        until = time.monotonic() + self._limits.drain_s
        while not self._facts.output_ended:
            left = until - time.monotonic()
            if left <= 0 or self._facts.owner_lost:
                break
            signals.wait(left)
            self._reap()
        drained = self._facts.output_ended
        survivors = self._settled()
        if survivors:
            self._descendants.end(_END_WITHIN_S)
        return drained, survivors

    def wait_for_output(self) -> None:
        """Once nothing is left that could write: let the reader reach the end of the pipe."""
        until = time.monotonic() + _LAST_OUTPUT_S
        while not self._facts.output_ended and time.monotonic() < until:
            signals.wait(until - time.monotonic())

    def _settled(self) -> int:
        """How many processes are left, once those that are just leaving have left."""
        until = time.monotonic() + _LEAVING_S
        while True:
            self._reap()
            if childless():
                return 0
            left = until - time.monotonic()
            if left <= 0:
                return len(self._descendants.living())
            signals.wait(left)

    def _reap(self) -> None:
        for pid, status in reap_all():
            # Orphans come to us as well; only the script's own process speaks for the script.
            if pid == self._pid:
                self._status = status

    def _act(self, now: float) -> None:
        facts, limits = self._facts, self._limits
        if self._ended_by is None:
            if facts.owner_lost:
                self._begin_to_end("owner_lost", min(limits.grace_s, OWNER_LOST_GRACE_S))
            elif facts.cancel or facts.lease_lost:
                self._begin_to_end("cancel", limits.grace_s)
            elif now >= self._started + limits.timeout_s:
                self._begin_to_end("timeout", limits.grace_s)
            elif limits.silence_s is not None and now >= self._silent_at(limits.silence_s):
                self._begin_to_end("silence", limits.grace_s)
        elif facts.owner_lost:
            self._kill_at = min(self._kill_at, now + OWNER_LOST_GRACE_S)
        if self._ended_by is not None and now >= self._kill_at:
            self._descendants.kill()
            self._kill_at = now + _KILL_AGAIN_S

    def _begin_to_end(self, why: str, grace_s: float) -> None:
        self._reap()
        if self._status is not None:  # it had ended already, and keeps its own status
            return
        self._ended_by = why
        self._kill_at = time.monotonic() + grace_s
        if grace_s > 0:
            self._descendants.terminate(self._pid)

    def _consider(self, received: signals.Received) -> None:
        if signals.from_outside(received, own_pid=os.getpid(), descends=self._descendants.include):
            self._facts.cancel = True

    def _silent_at(self, silence_s: float) -> float:
        return max(self._started, self._last_output()) + silence_s

    def _next_deadline(self) -> float:
        if self._ended_by is not None:
            return self._kill_at
        deadline = self._started + self._limits.timeout_s
        if self._limits.silence_s is not None:
            deadline = min(deadline, self._silent_at(self._limits.silence_s))
        return min(deadline, time.monotonic() + _FAR)
