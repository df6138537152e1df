"""The dispatcher over a simulated AWS: from a full launch queue to the last verdict.

The real dispatcher launches, claims, reports and ends every job; the clock, the table, the queue
and AWS's limits are simulated. A launcher takes a batch, one message after another, as Lambda
does; the reaper passes each minute.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections import Counter
from dataclasses import dataclass, replace

from bench.scale_aws import CALL_BUCKET, LAUNCH_BUCKET, Events, SimulatedFargate
from bench.scale_store import Clock, MemoryQueue, MemoryStore, NoFigures, NoProjects, OneKey
from chalicelib import wiring
from chalicelib.aws.clients import ECS_ATTEMPTS, AwsClients, AwsCredentials
from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop
from chalicelib.domain.spec import JobSpec
from chalicelib.launch_batch import pause_after
from chalicelib.ports import LaunchRequest
from chalicelib.settings import Settings
from chalicelib.usecases.claim import HEARTBEAT_S, ClaimRequest
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.heartbeat import HeartbeatRequest
from chalicelib.usecases.report import ReportRequest

BATCH = 10
POLL_S = 0.5
"""How soon an idle launcher sees a new message; long polling is quicker."""
INVOKE_S = 0.02
START_S = 35.0
"""From RunTask to the claim: address, pull, start."""
SETTINGS = Settings("towline", "towline", "https://queue.example/1/towline", "https://api.example")


@dataclass(frozen=True)
class Scenario:
    """``capacity``: tasks that the account may run at a time, when not more than it has."""

    jobs: int
    launchers: int = 10
    run_task_s: float = 0.35
    run_s: float = 60.0
    capacity: int | None = None


@dataclass(frozen=True)
class Drained:
    """``took_s``: until the last task was started."""

    took_s: float
    limit_s: float
    counts: Counter[str]
    reaper_lag_s: float

    @property
    def ratio(self) -> float:
        return self.took_s / self.limit_s


class Simulation:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = Clock()
        self.counts: Counter[str] = Counter()
        self.events = Events(self.clock)
        self.queue = MemoryQueue(self.clock, self.counts)
        self.store = MemoryStore(self.clock, self.counts)
        self._chance = itertools.count()
        self.fargate = SimulatedFargate(
            self.clock,
            self.counts,
            lambda: int.from_bytes(self._random(2), "big") / 65536,
            scenario.run_task_s,
            ECS_ATTEMPTS,
            scenario.capacity,
            on_launch=self._task_started,
        )
        self.dispatcher = self._dispatcher()
        self.over = 0
        self.reaper_lag_s = 0.0

    def run(self) -> Drained:
        spec = JobSpec(script="make test\n")
        for _ in range(self.scenario.jobs):
            self.clock.took = 0.0
            self.dispatcher.submit(spec, submitted_by="bench")
        self.counts.clear()
        for launcher in range(self.scenario.launchers):
            self.events.plan(launcher * 0.01, self._launcher)
        self.events.plan(60.0, self._reaper)
        self.events.run(lambda: self.over == self.scenario.jobs)
        return Drained(
            max(self.fargate.launched_at), self._limit_s(), self.counts, self.reaper_lag_s
        )

    def _limit_s(self) -> float:
        """What no launcher can beat: the rate of launches, and the tasks that fit at a time."""
        buckets = (CALL_BUCKET, LAUNCH_BUCKET)
        limit = max((self.scenario.jobs - burst) / rate for burst, rate in buckets)
        if self.scenario.capacity is not None:
            rounds = self.scenario.jobs / self.scenario.capacity - 1
            limit = max(limit, rounds * (START_S + self.scenario.run_s))
        return limit

    def _launcher(self) -> None:
        """One invocation, a message at a time so that its clock is right for each."""
        batch = self.queue.take(self.clock.at, BATCH)
        if not batch:
            self.events.plan(self.clock.at + POLL_S, self._launcher)
            return
        self._next_message(batch)

    def _next_message(self, batch: list[str]) -> None:
        self.counts["messages"] += 1
        later = self.dispatcher.take_message(batch[0])
        rest, free_at = batch[1:], self.clock.now_s + pause_after(later)
        if rest:
            self.events.plan(free_at, lambda: self._next_message(rest))
        else:
            self.counts["batches"] += 1
            self.events.plan(free_at + INVOKE_S, self._launcher)

    def _reaper(self) -> None:
        self.reaper_lag_s = max(self.reaper_lag_s, self.store.under_way_lag_s(self.clock()))
        summary = self.dispatcher.reap()
        self.counts["sent_again"] += summary.sent
        self.events.plan(self.clock.at + 60.0, self._reaper)

    def _task_started(self, request: LaunchRequest, task_id: str) -> None:
        at = self.clock.now_s + START_S
        self.events.plan(at, lambda: self._claim(request, task_id))

    def _claim(self, request: LaunchRequest, task_id: str) -> None:
        token = claim_token(OneKey().key(), request.job_id, request.attempt)
        assert token == request.token
        answer = self.dispatcher.claim(ClaimRequest(request.job_id, token, "0" * 32))
        lease, begun = str(answer["lease"]), self.clock.at
        beats = int(self.scenario.run_s / HEARTBEAT_S)
        beat = HeartbeatRequest(request.job_id, request.attempt, lease, 0)
        for number in range(1, beats + 1):
            at = begun + number * HEARTBEAT_S
            if at < begun + self.scenario.run_s:
                self.events.plan(at, lambda: self._heartbeat(beat))
        end = begun + self.scenario.run_s
        self.events.plan(end, lambda: self._end(request, task_id, lease))

    def _heartbeat(self, beat: HeartbeatRequest) -> None:
        self.dispatcher.heartbeat(beat)

    def _end(self, request: LaunchRequest, task_id: str, lease: str) -> None:
        report = Report(exit=ProcessExit(code=0), ended_by=EndedBy.SCRIPT)
        job_id, number = request.job_id, request.attempt
        self.dispatcher.report(ReportRequest(job_id, number, lease, report))
        del self.fargate.running[task_id]
        stop = Stop(task_id=task_id, version=1, exit_code=0)
        job = self.dispatcher.observe_stop(job_id, number, stop)
        assert job is not None
        assert job.verdict == "passed", job
        self.over += 1

    def _dispatcher(self) -> Dispatcher:
        built = wiring.build(
            SETTINGS,
            AwsClients(region="us-east-1", credentials=AwsCredentials("bench", "bench")),
            backend=self.fargate,
            queue=self.queue,
            meter=NoFigures(),
            clock=self.clock,
            random_bytes=self._random,
        )
        # Permits are signed without a request, by the adapter itself.
        parts = replace(
            built.collaborators, store=self.store, projects=NoProjects(), server_key=OneKey()
        )
        return Dispatcher(parts)

    def _random(self, size: int) -> bytes:
        """Different each time, the same in each run."""
        return hashlib.blake2b(next(self._chance).to_bytes(8, "big"), digest_size=size).digest()


def simulate(scenario: Scenario) -> Drained:
    """Quietly: every launch that is put off would be a line."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return Simulation(scenario).run()
    finally:
        logging.disable(level)
