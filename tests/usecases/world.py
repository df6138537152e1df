"""A deployment for a test: real adapters over moto; a backend, a queue and a clock to steer."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto import mock_aws

from chalicelib import wiring
from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.provision import create_bucket, create_table
from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop, TaskState
from chalicelib.domain.job import Job
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import (
    Launched,
    LaunchOutcome,
    LaunchRequest,
    OwnedTask,
    ServiceTrouble,
    TaskView,
)
from chalicelib.settings import Settings
from chalicelib.usecases.claim import ClaimRequest
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.heartbeat import HeartbeatRequest
from chalicelib.usecases.report import ReportRequest

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NONCE = "0123456789abcdef" * 2
OTHER_NONCE = "f" * 32
SETTINGS = Settings(
    table="towline",
    bucket="towline-logs",
    queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/towline-launch",
    public_url="https://towline.test",
    cluster="towline",
)


_CLIENTS = AwsClients(region="us-east-1", credentials=AwsCredentials("AKTEST", "secret"))
"""Made once, as that takes longer than most tests. What is behind them is each test's own."""


@contextmanager
def new_world() -> Iterator[World]:
    """An empty AWS inside this process, with this deployment's resources."""
    with mock_aws():
        create_table(_CLIENTS, SETTINGS.table)
        create_bucket(_CLIENTS, SETTINGS.bucket)
        yield World(_CLIENTS)


class Crash(BaseException):
    """The Lambda died here: nothing in the service may catch it."""


@dataclass
class FakeQueue:
    """Remembers what was sent. ``broken``: sends fail."""

    sent: list[tuple[str, int]] = field(default_factory=list)
    broken: bool = False

    def send(self, job_id: str, *, delay_s: int = 0) -> None:
        if self.broken:
            raise ServiceTrouble("the queue is away")
        self.sent.append((job_id, delay_s))

    def take(self) -> list[tuple[str, int]]:
        """What was sent since the last time."""
        taken, self.sent = self.sent, []
        return taken


@dataclass
class FakeBackend:
    """Starts nothing. A repeated request gives the same task, as client tokens do with ECS."""

    clock: Callable[[], datetime]
    name: str = "fake"
    answers: list[LaunchOutcome | Exception] = field(default_factory=list)
    """What the next launches answer; then each starts a task."""
    requests: list[LaunchRequest] = field(default_factory=list)
    tasks: dict[str, TaskView] = field(default_factory=dict)
    owners: dict[str, OwnedTask] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    """Jobs whose task was looked for by its mark."""
    before_answer: Callable[[], None] = lambda: None
    """What happens elsewhere between the start of a task and the answer that says so."""
    away: bool = False
    prefix: str = ""
    """What task ids begin with: an ARN's beginning makes them Fargate's."""

    def release(self) -> str:
        return "registry.test/runner@sha256:1"

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        self.requests.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        task_id = f"{self.prefix}task-{request.job_id}-{request.attempt}-{request.launch_try}"
        if task_id not in self.tasks:
            self.tasks[task_id] = TaskView(task_id, TaskState.RUNNING)
            self.owners[task_id] = OwnedTask(task_id, request.job_id, request.attempt, self.clock())
        self.before_answer()
        return Launched(task_id)

    def stop(self, task_id: str, reason: str) -> None:
        if self.away:
            raise ServiceTrouble("the backend is away")
        self.stopped.append(task_id)

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        if self.away:
            raise ServiceTrouble("the backend is away")
        return {i: self.tasks.get(i, TaskView(i, TaskState.UNKNOWN)) for i in task_ids}

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        if self.away:
            raise ServiceTrouble("the backend is away")
        self.searched.append(job_id)
        view = self.tasks.get(f"task-{job_id}-{attempt}-{launch_try}")
        return None if view is None or view.state is TaskState.UNKNOWN else view

    def owned(self) -> Iterable[OwnedTask]:
        if self.away:
            raise ServiceTrouble("the backend is away")
        running = (TaskState.PENDING, TaskState.RUNNING)
        return [owner for i, owner in self.owners.items() if self.tasks[i].state in running]

    def end(self, task_id: str, stop: Stop) -> None:
        """The task is over; nobody has been told."""
        self.tasks[task_id] = TaskView(task_id, TaskState.STOPPED, stop)


class Figures:
    """Counts by name and dimensions, and the values measured."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.measured: list[dict[str, float]] = []

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        self.counts[" ".join([name, *dimensions.values()])] += value

    def measure(self, values: Mapping[str, float]) -> None:
        self.measured.append(dict(values))


class World:
    """One deployment, one clock. Times move only when a test moves them."""

    def __init__(self, clients: AwsClients) -> None:
        self.now = START
        self.clients = clients
        self.queue = FakeQueue()
        self.backend = FakeBackend(self.clock)
        self.figures = Figures()
        self._chance = itertools.count()
        self.dispatcher: Dispatcher = wiring.build(
            SETTINGS,
            clients,
            backend=self.backend,
            queue=self.queue,
            meter=self.figures,
            clock=self.clock,
            random_bytes=self.random_bytes,
        )
        self.key = self.dispatcher.collaborators.server_key.key()

    def clock(self) -> datetime:
        return self.now

    def random_bytes(self, size: int) -> bytes:
        """Different each time, the same in each run."""
        return hashlib.shake_256(str(next(self._chance)).encode()).digest(size)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # --- what users, runners and engines do --------------------------------------------------

    def submit(self, **spec: Any) -> Job:
        wanted = {"script": "true\n", **spec}
        return self.dispatcher.submit(JobSpec.model_validate(wanted), submitted_by="tester")

    def get(self, job_id: str) -> Job:
        return self.dispatcher.get(job_id)

    def launched(self, **spec: Any) -> Job:
        """A job whose task was started."""
        job = self.submit(**spec)
        self.dispatcher.launch(job.id)
        self.queue.take()
        return self.get(job.id)

    def running(self, **spec: Any) -> Job:
        """A job that a runner has claimed."""
        job = self.launched(**spec)
        self.claim(job)
        return self.get(job.id)

    def claim(self, job: Job, *, nonce: str = NONCE, attempt: int = 0) -> dict[str, Any]:
        token = claim_token(self.key, job.id, attempt or job.attempt)
        return self.dispatcher.claim(ClaimRequest(job.id, token, nonce))

    def beat(self, job: Job, lease: str, *, log_bytes: int = 0) -> dict[str, Any]:
        return self.dispatcher.heartbeat(HeartbeatRequest(job.id, job.attempt, lease, log_bytes))

    def report(self, job: Job, lease: str, report: Report) -> None:
        self.dispatcher.report(ReportRequest(job.id, job.attempt, lease, report))

    def stop(self, job: Job, exit_code: int | None, **fields: Any) -> Job:
        """The engine's word on the current attempt's task."""
        seen = self.dispatcher.observe_stop(job.id, job.attempt, a_stop(job, exit_code, **fields))
        assert seen is not None
        return seen

    def lease(self, job: Job) -> str:
        from chalicelib.usecases.credentials import lease

        attempt = job.current
        assert attempt is not None
        return lease(self.key, job.id, attempt.number, NONCE)


def a_report(code: int | None = 0, *, ended_by: EndedBy = EndedBy.SCRIPT, **fields: Any) -> Report:
    return Report(exit=ProcessExit(code=code), ended_by=ended_by, **fields)


def a_stop(job: Job, exit_code: int | None, *, version: int = 1, **fields: Any) -> Stop:
    attempt = job.current
    assert attempt is not None
    task_id = attempt.task_id or f"task-{job.id}-{attempt.number}-{attempt.launch_try}"
    return Stop(task_id=task_id, version=version, exit_code=exit_code, **fields)
