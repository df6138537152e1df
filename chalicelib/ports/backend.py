"""What starts, describes and stops the task of a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.domain.evidence import Stop, TaskState
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.spec import Capacity
from chalicelib.domain.verdict import Cause


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """One container to start. The same request gives the same task again, never a second one."""

    job_id: str
    attempt: int
    launch_try: int
    token: str
    """The claim token; with ``job_id`` all that the container is told about the job."""
    image: str | None
    """The job's image; None: the runner's own."""
    release: str
    """The runner image, by digest where there is one."""
    user: str | None
    cpu: float
    memory_mib: int
    arch: str
    stop_timeout_s: int
    """Seconds between TERM and KILL when the engine stops the container."""
    pids_limit: int | None = None
    project: str = "default"
    capacity: Capacity = "on_demand"
    registry_credentials: str | None = None
    """The name of the kept credentials that ``image`` is pulled with; None: anonymously."""
    role: bool = True
    """Whether it has its project's role, if there is one."""


@dataclass(frozen=True, slots=True)
class Launched:
    task_id: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """Throttled or no capacity: nothing was started, the same attempt may be tried later.

    ``definite``: the refusal is certain (``failures[]``), so a new client token is wanted.
    ``why`` is what operators count; ``reason`` is for the log.
    """

    reason: str
    delay_s: int
    definite: bool
    why: PutOff = PutOff.OTHER


@dataclass(frozen=True, slots=True)
class Refused:
    """It can never work as it was asked for: the attempt is over."""

    cause: Cause
    detail: str


LaunchOutcome = Launched | TryLater | Refused


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a backend says of one task. ``stop`` is there when it is stopped."""

    task_id: str
    state: TaskState
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class OwnedTask:
    """A task that a backend runs for a job of ours."""

    task_id: str
    job_id: str
    attempt: int
    started_at: datetime | None = field(default=None)


class Backend(Protocol):
    """Starts and stops containers. All of it may be repeated; ``ServiceTrouble`` may be raised."""

    name: str

    def release(self) -> str:
        """The runner image that a launch now would use, pinned ('' when there is none)."""
        ...

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        """Start the task, or find the one that an identical request started."""
        ...

    def stop(self, task_id: str, reason: str) -> None:
        """TERM now, KILL after the stop timeout. A task that is over or unknown is no error."""
        ...

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """One view for each id asked for."""
        ...

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        """The task that this try started, running or not long over, when its id was never
        noted. None: there is none, or the backend does not know of it (yet, or any more)."""
        ...

    def owned(self) -> Iterable[OwnedTask]:
        """Tasks that run for jobs of this deployment: the reaper looks for those without one."""
        ...
