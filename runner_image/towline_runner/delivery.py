"""The end of a runner's life: the last of the log, then the report, for as long as the allowance
lasts."""

from __future__ import annotations

import os
import time

from towline_runner import signals
from towline_runner.service import Backoff, Refused, Service
from towline_runner.voice import say
from towline_runner.wire import Interrupted, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from towline_runner.facts import Facts
    from towline_runner.upload import Uploads


# After the log's allowance the report has this much more: it is worth more than the log.
REPORT_S = 60.0
# Somebody stops the container now, and will kill it soon.
_TOLD_TO_STOP_S = 8.0
_OWNER_LOST_S = 2.0
_LAST_TRY_S = 2.0
_IN_FLIGHT_S = 1.0
_LOOK_EACH_S = 60.0
_LOOK_AGAIN_S = 0.2
_TIMEOUT_S = 30.0


class Delivery:
    """Used by the main thread. Times are of the monotonic clock, in seconds."""

    def __init__(self, service: Service, facts: Facts | None, allowance_s: float) -> None:
        self._service = service
        self._facts = facts
        self._uploads: Uploads | None = None
        self._allowance_s = allowance_s
        self._report_s = REPORT_S
        self._until = time.monotonic() + allowance_s

    def allow(self, allowance_s: float) -> None:
        """How long after the script's end log and report are worth trying for."""
        self._allowance_s = allowance_s
        self._until = time.monotonic() + allowance_s

    def script_ended(self, uploads: Uploads) -> None:
        """From now on the allowance counts."""
        self._uploads = uploads
        self._until = time.monotonic() + self._allowance_s
        uploads.give_up_at(self._until)

    def wait_for_log(self) -> bool:
        """Until the log is where it belongs or the allowance has ended. False: the lease is
        lost."""
        facts = self._facts
        while facts is not None and not facts.log_delivered:
            if facts.lease_lost:
                return False
            left = self._until + _IN_FLIGHT_S - time.monotonic()
            if left <= 0:  # the last upload hangs, and the report is worth more
                return True
            self._listen(left)
        return facts is None or not facts.lease_lost

    def deliver(self, report: dict[str, Any]) -> bool:
        """Report, again and again until it is acknowledged. False: nobody took it."""
        backoff = Backoff(0.2, 20.0)
        while True:
            self._heed_all()
            try:
                self._service.report(report, self._timeout_s(), self._heed_all)
            except Refused as refusal:
                say(str(refusal))
                return False
            except Unreachable as trouble:
                words = str(trouble)
            except Interrupted:
                words = "no answer came in the time that was left"
            else:
                return True
            pause_until = time.monotonic() + backoff.next_s()
            while (left := pause_until - time.monotonic()) > 0:
                self._listen(left)
                if time.monotonic() > self._until + self._report_s:
                    say(f"the report could not be delivered: {words}")
                    return False
                if self._facts is not None and self._facts.lease_lost:
                    say("the lease is lost, nobody takes the report")
                    return False

    def _timeout_s(self) -> float:
        """For one try of the report."""
        left = self._until + self._report_s - time.monotonic()
        return min(_TIMEOUT_S, max(left, 1.0))

    def _listen(self, at_most_s: float) -> None:
        """Wait, and shorten the allowance when somebody has no more time for us."""
        self._heed(None)
        # What was asked for was reckoned before the news that may just have shortened it.
        left = self._until + _IN_FLIGHT_S - time.monotonic()
        self._heed(signals.wait(min(at_most_s, _LOOK_EACH_S, max(left, _LOOK_AGAIN_S))))

    def _heed_all(self) -> bool:
        """The same without waiting. Whether the time that is left has become shorter."""
        before = self._until
        self._heed(None)
        while (received := signals.wait(0)) is not None:
            self._heed(received)
        return self._until < before

    def _heed(self, received: signals.Received | None) -> None:
        if self._facts is not None and self._facts.owner_lost:
            self._hurry(_OWNER_LOST_S)
        if received is None or not received.asks_to_stop:
            return
        if signals.from_outside(received, own_pid=os.getpid()):
            self._hurry(_TOLD_TO_STOP_S)

    def _hurry(self, left_s: float) -> None:
        self._report_s = _LAST_TRY_S
        self._until = min(self._until, time.monotonic() + left_s)
        if self._uploads is not None:
            self._uploads.give_up_at(self._until)
