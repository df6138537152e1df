"""The service's effects: each may be the last thing that a Lambda does. Writes are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.change import Change
from chalicelib.domain.job import Job, State
from chalicelib.ports import (
    Backend,
    JobFilter,
    JobPage,
    JobStore,
    LaunchOutcome,
    LaunchRequest,
    OwnedTask,
    ServiceTrouble,
    TaskView,
)
from tests.model.oracle import check_end, check_given_up
from tests.model.timeline import Timeline

CRASH = 0.012
TROUBLE = 0.012
RESULT = ("verdict", "cause", "detail", "rule", "exit_code", "signal", "finished_at")


@dataclass
class WatchedStore:
    """The real table. Every write is looked at before anybody is told of it."""

    real: JobStore
    line: Timeline

    def create(
        self, job: Job, *, idempotency_key: str | None = None, request_hash: str = ""
    ) -> tuple[Job, bool]:
        self.line.effect("before create", CRASH, TROUBLE)
        made = self.real.create(job, idempotency_key=idempotency_key, request_hash=request_hash)
        self.line.truth.latest.setdefault(made[0].id, made[0])
        self.line.effect("after create", CRASH, TROUBLE)
        return made

    def made_by(
        self, project: str, idempotency_key: str, request_hash: str, *, now: datetime
    ) -> Job | None:
        return self.real.made_by(project, idempotency_key, request_hash, now=now)

    def get(self, job_id: str) -> Job | None:
        self.line.effect("before get", CRASH / 4, TROUBLE / 4)
        return self.real.get(job_id)

    def apply(self, job_id: str, change: Change, *, now: datetime) -> Job:
        self.line.effect("before write", CRASH, TROUBLE)
        job = self.real.apply(job_id, change, now=now)
        self.watch(job)
        self.line.effect("after write", CRASH, TROUBLE)
        return job

    def list(self, query: JobFilter) -> JobPage:
        return self.real.list(query)

    def due(self, now: datetime, limit: int) -> Sequence[Job]:
        self.line.effect("before due", CRASH, TROUBLE)
        return self.real.due(now, limit)

    def watch(self, job: Job) -> None:
        """A write has been made, and this is the job as it left it."""
        truth = self.line.truth
        before = truth.latest[job.id]
        truth.latest[job.id] = job
        if job.version != before.version + 1:
            truth.wrong(f"{job.id}: version {before.version} became {job.version}")
        first = truth.ended.get(job.id)
        if first is not None:
            changed = [n for n in RESULT if getattr(first, n) != getattr(job, n)]
            if changed or job.state is not State.FINISHED:
                truth.wrong(f"{job.id}: its verdict changed: {changed}")
        elif job.state is State.FINISHED:
            truth.ended[job.id] = job
            check_end(truth, before, job)
        elif job.verdict is not None:
            truth.wrong(f"{job.id}: a verdict without an end")
        elif job.state is State.QUEUED and before.state is not State.QUEUED:
            check_given_up(truth, before, job)


@dataclass
class FaultyQueue:
    """SQS: messages get lost, doubled and late; a Lambda that dies is given them again."""

    line: Timeline
    take: Callable[[str], object]

    def send(self, job_id: str, *, delay_s: int = 0) -> None:
        self.line.effect("before send", CRASH, 0.06)
        if self.line.maybe(0.06):
            self.line.truth.figures["messages dropped"] += 1
        else:
            self._post(job_id, delay_s)
        if self.line.maybe(0.1):
            self.line.truth.figures["messages doubled"] += 1
            self._post(job_id, delay_s + self.line.chance.choice([0, 1, 40, 400]))
        self.line.effect("after send", CRASH, 0.02)

    def _post(self, job_id: str, delay_s: float) -> None:
        late = self.line.chance.choice([0.1, 1, 1, 5, 90]) if not self.line.calm else 0.1
        self.line.later(delay_s + late, lambda: self._deliver(job_id, 1))

    def _deliver(self, job_id: str, received: int) -> None:
        if not self.line.lambda_lives(lambda: self.take(job_id)) and received < 3:
            self.line.later(30, lambda: self._deliver(job_id, received + 1))


@dataclass
class FaultyBackend:
    """The way to the engine: requests and answers get lost."""

    real: Backend
    line: Timeline
    name: str = "model"

    def release(self) -> str:
        return self.real.release()

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        self.line.effect("before launch", CRASH, 0.04)
        outcome = self.real.launch(request)
        self.line.effect("after launch", 0.04, 0.06)
        return outcome

    def stop(self, task_id: str, reason: str) -> None:
        self.line.effect("before stop", CRASH, 0.15)
        self.real.stop(task_id, reason)
        self.line.effect("after stop", CRASH, 0.03)

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        self.line.effect("before describe", CRASH, 0.06)
        views = self.real.describe(task_ids)
        self.line.effect("after describe", CRASH, 0.0)
        return views

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        self.line.effect("before find", CRASH, 0.06)
        self.line.truth.figures["tasks looked for"] += 1
        return self.real.find(job_id, attempt, launch_try)

    def owned(self) -> Iterable[OwnedTask]:
        if self.line.maybe(0.1):
            raise ServiceTrouble("the tasks could not be listed")
        return self.real.owned()
