"""A runner's life in its order: claim, run, deliver, leave. What is slow happens while others
work."""

from __future__ import annotations

import os
import time

from towline_runner import signals
from towline_runner.service import GaveUp, Refused, Service
from towline_runner.starter import Starter
from towline_runner.surroundings import BadSurroundings, Surroundings, given
from towline_runner.voice import say
from towline_runner.wire import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from towline_runner.equipment import Equipment
    from towline_runner.facts import Facts

LEFT_WITHOUT_JOB = 0
NO_CLAIM = 120
NO_REPORT = 121
NOT_STARTED = 125
_TAKEN = 409


def main(environment: Mapping[bytes, bytes] | None = None) -> NoReturn:
    """Live, and leave at once: no interpreter teardown, and nobody waits for threads.

    ``environment``: what the runner is given, when it was forked by a process that had it loaded;
    None: what this process was started with.
    """
    status = NO_REPORT
    try:
        status = _live(given() if environment is None else dict(environment))
    except Exception:  # noqa: BLE001 - a bug of ours must be seen, and must not look like the script
        import traceback

        say(traceback.format_exc())
    finally:
        os._exit(status)


def _live(environment: dict[bytes, bytes]) -> int:
    signals.block_all()
    try:
        around = Surroundings(environment)
        service = Service(around.url, around.job, around.token)
    except (BadSurroundings, ValueError) as trouble:
        say(str(trouble))
        return NO_CLAIM
    if around.lifeline is not None:
        os.set_inheritable(around.lifeline, False)
    if around.certificates and around.url.startswith("https:"):
        from towline_runner import trust

        trust.also_trust(around.certificates)
    runner = _Runner(around, service)
    try:
        reply = service.claim(
            os.urandom(16).hex(), runner.prepare, runner.interrupted, runner.pause
        )
    except Refused as refusal:
        runner.abandon()
        say(str(refusal))
        return LEFT_WITHOUT_JOB if refusal.status == _TAKEN else NO_CLAIM
    except (GaveUp, Interrupted) as trouble:
        runner.abandon()
        say(str(trouble) or "told to stop before the job was claimed")
        return NO_CLAIM
    return runner.run(reply)


class _Runner:
    """The part of a life that has a child."""

    def __init__(self, around: Surroundings, service: Service) -> None:
        self._around = around
        self._service = service
        self._starter: Starter | None = None
        self._equipment: Equipment | None = None
        self._facts: Facts | None = None
        self._unready = "The runner could not get ready."

    def prepare(self) -> None:
        """Called while the claim is under way: the child first, then the threads."""
        try:
            self._starter = Starter(die_with_parent=not self._around.in_container)
            from towline_runner.equipment import Equipment
            from towline_runner.facts import Facts

            self._preload()
            self._facts = Facts(signals.Bell())
            self._equipment = Equipment(self._around, self._service, self._starter, self._facts)
        except (OSError, RuntimeError) as trouble:
            self._unready = (
                f"The runner could not start its own processes and threads: {trouble}. "
                "The container may have too few of them (a limit on processes)."
            )

    @staticmethod
    def _preload() -> None:
        """Import now what is needed right after the claim."""
        import zlib  # noqa: F401

        from towline_runner import delivery, job, running  # noqa: F401

    def interrupted(self) -> bool:
        """Whether somebody outside wants us to stop. Only asked before the script is started."""
        while (received := signals.wait(0)) is not None:
            if received.asks_to_stop and signals.from_outside(received, own_pid=os.getpid()):
                return True
        return False

    def pause(self, wait_s: float) -> None:
        """Wait between two tries of the claim. Raises Interrupted."""
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            received = signals.wait(left)
            if received is None or not received.asks_to_stop:
                continue
            if signals.from_outside(received, own_pid=os.getpid()):
                raise Interrupted

    def abandon(self) -> None:
        """Let the child go that has nothing to execute. Repeatable."""
        if self._starter is not None:
            self._starter.abandon()

    def run(self, reply: dict[str, Any]) -> int:
        """Run what was claimed and deliver the report. The runner's own exit status."""
        from towline_runner import running, testimony
        from towline_runner.delivery import Delivery
        from towline_runner.job import Job
        from towline_runner.work import ALLOWANCE_S, Claimed, NotStarted

        delivery = Delivery(self._service, self._facts, ALLOWANCE_S)
        try:
            claimed = Claimed(reply)
            delivery.allow(claimed.limits.allowance_s)
            starter, equipment = self._ready()
            if claimed.cancelled:
                raise NotStarted("The job was cancelled before its script was started.")
            job = Job(claimed.work, self._around)
        except NotStarted as reason:
            why = str(reason)
        except (KeyError, TypeError, ValueError, AttributeError) as trouble:
            why = f"The runner could not read the job that it was given: {trouble!r}."
        else:
            outcome = running.run(claimed, job, starter, equipment, delivery, self._service)
            if outcome is None:
                return NO_REPORT
            report, status = outcome
            return status if delivery.deliver(report) else NO_REPORT
        self.abandon()
        return NOT_STARTED if delivery.deliver(testimony.not_started(why)) else NO_REPORT

    def _ready(self) -> tuple[Starter, Equipment]:
        from towline_runner.work import NotStarted

        if self._starter is None or self._equipment is None:
            raise NotStarted(self._unready)
        return self._starter, self._equipment
