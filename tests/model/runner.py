"""What goes on in a container: a runner that keeps to docs/protocol.md, in a world that fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.evidence import EndedBy, ProcessExit, Report
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.claim import ClaimRequest
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.errors import RunnerRefused
from chalicelib.usecases.heartbeat import HeartbeatRequest
from chalicelib.usecases.report import ReportRequest
from tests.model.engine import Container, Engine
from tests.model.oracle import status
from tests.model.timeline import Timeline
from tests.usecases.world import Crash

CLAIM_FOR_S = 120
REPORT_FOR_S = 1860
HEARTBEAT_S = 60


@dataclass(frozen=True)
class Script:
    """How the script ends when nothing comes between, and when."""

    report: Report
    lasts_s: float


class Runner:
    """One runner process: it claims once, runs, reports and leaves with the script's status."""

    def __init__(
        self, line: Timeline, engine: Engine, dispatcher: Dispatcher, box: Container, script: Script
    ) -> None:
        self.line, self.engine, self.dispatcher = line, engine, dispatcher
        self.box, self.script = box, script
        self.task = box.truth
        self.nonce = f"{line.chance.getrandbits(128):032x}"
        self.lease: str | None = None
        self.ending = False
        self.code_known = True
        self.began = line.elapsed

    # --- the claim ---

    def start(self) -> None:
        if self.task.state != "pending":
            return
        self.task.state = "running"
        self.began = self.line.elapsed
        self.box.on_term = self.told_to_stop
        if self.line.maybe(0.03):
            self.task.disturbed = True
            other = f"{self.line.chance.getrandbits(128):032x}"
            self.line.later(self.line.chance.choice([0.01, 5]), lambda: self._ask(other))
        self.line.later(0.1, self.claim)

    def claim(self) -> None:
        if not self.task.alive or self.ending:
            return
        answer = self._ask(self.nonce)
        if isinstance(answer, dict):
            self.lease = answer["lease"]
            if self.line.maybe(0.1):  # the network repeats the request
                self.line.later(self.line.chance.choice([0.1, 50]), lambda: self._ask(self.nonce))
            self.line.later(self.script.lasts_s, lambda: self.script_ends(self.script.report))
            self.line.later(HEARTBEAT_S, self.beat)
        elif answer is not None:
            self.engine.end(self.box, 0 if answer == 409 else 120)
        elif self.line.elapsed - self.began > CLAIM_FOR_S:
            self.task.disturbed = True
            self.engine.end(self.box, 120)
        else:
            self.line.later(self.line.chance.choice([1, 5, 20]), self.claim)

    def _ask(self, nonce: str) -> dict[str, Any] | int | None:
        def act() -> dict[str, Any]:
            answer = self.dispatcher.claim(ClaimRequest(request.job_id, request.token, nonce))
            if self.task.holder not in (None, nonce):
                self.line.truth.wrong(f"{request.job_id}: two runners were given one attempt")
            self.task.holder = nonce
            return answer

        request = self.task.request
        self.task.nonces.add(nonce)
        return self._call(act)

    def _call(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any] | int | None:
        """One HTTP request: its answer, the status of a refusal, or None: to be tried again."""
        figures = self.line.truth.figures
        if self.line.maybe(0.05):
            figures["requests lost"] += 1
            return None
        answer: dict[str, Any] | int
        try:
            answer = act()
        except RunnerRefused as refused:
            answer = refused.status
        except (Crash, ServiceTrouble):
            return None
        if self.line.maybe(0.06):
            figures["answers lost"] += 1
            return None
        return answer

    # --- the script ---

    def beat(self) -> None:
        if not self.task.alive or self.task.report or self.ending or self.lease is None:
            return
        request = HeartbeatRequest(
            self.task.request.job_id, self.task.request.attempt, self.lease, 1
        )
        answer = self._call(lambda: self.dispatcher.heartbeat(request))
        if isinstance(answer, int):
            self.task.disturbed = True
            self.ending = True
            self.engine.end(self.box, 121)
            return
        if answer and answer["cancel"]:
            self.told_to_stop()
        self.line.later(HEARTBEAT_S, self.beat)

    def told_to_stop(self) -> None:
        """By TERM or by a heartbeat's answer."""
        if not self.task.alive or self.task.report or self.ending:
            return
        if self.lease is None:
            self.ending = True
            self.engine.end(self.box, 120)
            return
        exited = self.line.chance.choice(
            [ProcessExit(signal=15), ProcessExit(signal=9), ProcessExit(code=0)]
        )
        told = Report(exit=exited, ended_by=EndedBy.CANCEL)
        grace = self.line.chance.choice([0.1, 2, 9])
        self.line.later(grace, lambda: self.script_ends(told))
        self.ending = True

    def script_ends(self, report: Report) -> None:
        if not self.task.alive or self.task.report:
            return
        if self.ending and report.ended_by is not EndedBy.CANCEL:
            return
        self.task.report = report
        self.began = self.line.elapsed
        self.deliver()

    # --- the report ---

    def deliver(self) -> None:
        if not self.task.alive and not self.line.maybe(0.3):
            return  # else it was on its way when the container was killed
        answer = self._call(self._send)
        if isinstance(answer, dict):
            if self.line.maybe(0.15):
                self.line.truth.figures["reports doubled"] += 1
                late = self.line.chance.choice([0.5, 20, 300])
                self.line.later(late, lambda: self._call(self._send))
            self._leave()
        elif answer is not None or self.line.elapsed - self.began > REPORT_FOR_S:
            self.task.disturbed = True
            self.engine.end(self.box, 121)
        else:
            self.line.later(self.line.chance.choice([1, 5, 30]), self.deliver)

    def _send(self) -> dict[str, Any]:
        assert self.lease is not None
        assert self.task.report is not None
        request = self.task.request
        told = ReportRequest(request.job_id, request.attempt, self.lease, self.task.report)
        self.dispatcher.report(told)
        self.task.acked = True
        return {"acknowledged": True}

    def _leave(self) -> None:
        assert self.task.report is not None
        told = self.task.report
        code = 125 if told.ended_by is EndedBy.NOT_STARTED else status(told)
        seen = code if self.code_known else None
        self.line.later(
            self.line.chance.choice([0.01, 0.1, 1.5]), lambda: self.engine.end(self.box, seen)
        )
