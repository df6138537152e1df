"""An engine with true containers: it knows how each of them ended, and tells it badly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.evidence import Stop, TaskState
from chalicelib.domain.verdict import Cause
from chalicelib.ports import (
    Launched,
    LaunchOutcome,
    LaunchRequest,
    OwnedTask,
    Refused,
    TaskView,
    TryLater,
)
from tests.model.timeline import Timeline
from tests.model.truth import TaskTruth

Token = tuple[str, int, int]


@dataclass(frozen=True)
class Ending:
    """The engine's words for an end, and what was truly behind it."""

    why: Cause | None = None
    stop_code: str = "EssentialContainerExited"
    reason: str = ""
    oom: bool = False


BY_ITSELF = Ending()
BY_USER = Ending(None, "UserInitiated", "Task stopped by user")
BY_SPOT = Ending(Cause.SPOT_INTERRUPTED, "SpotInterruption", "Your Spot Task was interrupted.")
BY_HOST = Ending(Cause.HOST_LOST, "InfrastructureHealth", "the host is unhealthy")
BY_MEMORY = Ending(Cause.OUT_OF_MEMORY, oom=True, reason="OutOfMemoryError: container killed")
NO_IMAGE = Ending(
    Cause.IMAGE_MISSING, "TaskFailedToStart", "CannotPullContainerError: manifest unknown"
)
NO_REGISTRY = Ending(
    Cause.IMAGE_PULL, "TaskFailedToStart", "CannotPullContainerError: dial tcp: i/o timeout"
)


@dataclass
class Container:
    """A task, what runs in it, and why it is being ended, once it is."""

    truth: TaskTruth
    on_term: Callable[[], None] = lambda: None
    closing: Ending | None = None


@dataclass
class Engine:
    """``ports.Backend`` in the scripted world, before the way to it fails."""

    line: Timeline
    tell: Callable[[str, int, Stop], object]
    """The Lambda behind EventBridge."""
    begin: Callable[[Container], None]
    """What a new container does."""
    name: str = "model"
    containers: dict[str, Container] = field(default_factory=dict)
    by_token: dict[Token, str] = field(default_factory=dict)
    refusals: dict[Token, TryLater] = field(default_factory=dict)

    def release(self) -> str:
        return "registry.test/runner@sha256:1"

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        """As RunTask with a client token: the same request has the same answer."""
        truth = self.line.truth
        token = (request.job_id, request.attempt, request.launch_try)
        truth.figures["launches asked"] += 1
        if token in self.by_token:
            found = self.containers[self.by_token[token]].truth
            if found.request != request:
                truth.wrong(f"{request.job_id}: one token, two requests")
            truth.figures["launches repeated"] += 1
            return Launched(found.task_id)
        if token in self.refusals:
            return self.refusals[token]
        if self.line.maybe(0.06):
            return TryLater("throttled", 5, definite=False)
        if self.line.maybe(0.05):
            return self.refusals.setdefault(token, TryLater("capacity", 60, definite=True))
        key = truth.latest[request.job_id].submitted_by
        if truth.jobs[key].refused:
            return Refused(Cause.LAUNCH_REFUSED, "it can't be launched as it was asked for")
        return Launched(self._start(request, token))

    def _start(self, request: LaunchRequest, token: Token) -> str:
        truth = self.line.truth
        tasks = truth.tasks.setdefault((request.job_id, request.attempt), [])
        task_id = f"task-{request.job_id}-{request.attempt}-{len(tasks) + 1}"
        task = TaskTruth(task_id, request, self.line.world.now)
        tasks.append(task)
        truth.figures["tasks"] += 1
        if len(tasks) > 1:
            truth.wrong(f"{request.job_id}: attempt {request.attempt} was started twice")
        self.by_token[token] = task_id
        container = self.containers[task_id] = Container(task)
        self.begin(container)
        return task_id

    def stop(self, task_id: str, reason: str) -> None:
        container = self.containers.get(task_id)
        if container is not None:
            container.truth.disturbed = True
            self.line.truth.figures["stops asked"] += 1
            self.term(container, BY_USER, container.truth.request.stop_timeout_s)

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        return {task_id: self._view(task_id) for task_id in task_ids}

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        task_id = self.by_token.get((job_id, attempt, launch_try))
        view = self._view(task_id) if task_id is not None else None
        return None if view is None or view.state is TaskState.UNKNOWN else view

    def owned(self) -> Iterable[OwnedTask]:
        alive = [c.truth for c in self.containers.values() if c.truth.alive]
        return [
            OwnedTask(t.task_id, t.request.job_id, t.request.attempt, t.started_at) for t in alive
        ]

    def _view(self, task_id: str) -> TaskView:
        container = self.containers.get(task_id)
        if container is None or container.truth.forgotten:
            return TaskView(task_id, TaskState.UNKNOWN)
        task = container.truth
        if task.alive:
            return TaskView(task_id, TaskState(task.state))
        return TaskView(task_id, TaskState.STOPPED, task.stops[-1])

    # --- how containers end ---

    def term(self, container: Container, ending: Ending, kill_after: float) -> None:
        """TERM now, KILL after a while. The first reason counts."""
        task = container.truth
        if not task.alive or container.closing is not None:
            return
        container.closing = ending
        if task.state == "pending":
            self.end(container, None)
            return
        self.line.later(kill_after, lambda: self.end(container, 137))
        self.line.later(self.line.chance.choice([0.1, 1, 3]), container.on_term)

    def end(self, container: Container, code: int | None, ending: Ending = BY_ITSELF) -> None:
        """The container is over. From here on it is a matter of telling."""
        task = container.truth
        if not task.alive:
            return
        said = container.closing or ending
        task.state, task.why = "stopped", said.why
        versions = [(2, code)]
        if code is not None and self.line.maybe(0.08):
            versions = [(1, None), (2, code)]
        for version, seen in versions:
            stop = Stop(
                task_id=task.task_id,
                version=version,
                exit_code=seen,
                stop_code=said.stop_code,
                reason=said.reason,
                job_container_reason=said.reason if "Error" in said.reason else "",
                oom_killed=said.oom,
            )
            task.stops.append(stop)
            self._post(task, stop)

    def forget(self, container: Container) -> None:
        """The host is gone and nobody will ever say a word."""
        if container.truth.alive:
            container.truth.state = "gone"
            container.truth.forgotten = True

    def _post(self, task: TaskTruth, stop: Stop) -> None:
        figures, copies = self.line.truth.figures, 1
        if self.line.maybe(0.2):
            figures["stops dropped"] += 1
            copies = 0
        elif self.line.maybe(0.25):
            figures["stops doubled"] += 1
            copies = 2
        for _ in range(copies):
            late = 0.5 if self.line.calm else self.line.chance.choice([0.2, 1, 3, 30, 200])
            self.line.later(late, lambda: self._deliver(task, stop, 1))

    def _deliver(self, task: TaskTruth, stop: Stop, tried: int) -> None:
        request = task.request
        told = self.line.lambda_lives(lambda: self.tell(request.job_id, request.attempt, stop))
        if not told and tried < 3:
            self.line.later(60 * tried, lambda: self._deliver(task, stop, tried + 1))
