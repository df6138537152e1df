"""The lease is renewed from a thread of its own, and cancel and fresh permits come back with it."""

from __future__ import annotations

import _thread

from towline_runner.facts import Facts
from towline_runner.service import Refused, Service
from towline_runner.wire import Unreachable
from towline_runner.work import Permit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Heartbeat:
    """Beats every ``interval_s`` seconds, and at once when asked to."""

    def __init__(
        self,
        service: Service,
        facts: Facts,
        log_bytes: Callable[[], int],
        renew: Callable[[Permit], None],
    ) -> None:
        self._service = service
        self._facts = facts
        self._log_bytes = log_bytes
        self._renew = renew
        self._go = _thread.allocate_lock()
        self._go.acquire()
        self._interval_s = -1.0

    def run(self) -> None:
        """The thread's body: waits for ``begin`` and then beats until the process ends."""
        self._go.acquire()
        while True:
            self._go.acquire(timeout=self._interval_s)
            if not self._beat():
                return

    def begin(self, service: Service, interval_s: float) -> None:
        """Start to beat with this lease."""
        self._service = service
        self._interval_s = max(0.05, interval_s)
        self.now()

    def now(self) -> None:
        """Beat at once, as a fresh permit is wanted."""
        try:
            self._go.release()
        except RuntimeError:  # it is already asked to
            return

    def _beat(self) -> bool:
        """False when the lease is lost: there is nothing left to renew."""
        try:
            reply = self._service.heartbeat(self._log_bytes())
        except Refused:
            self._facts.tell("lease_lost")
            return False
        except Unreachable:  # a script is not disturbed by a service that is away
            return True
        permit = reply.get("permit")
        if isinstance(permit, dict):
            try:
                self._renew(Permit(permit))
            except (KeyError, TypeError, ValueError, AttributeError):
                return True  # the old one is as good as it was
        if reply.get("cancel"):
            self._facts.tell("cancel")
        return True
