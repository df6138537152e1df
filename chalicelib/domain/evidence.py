"""What the two witnesses say: the runner's report and the engine's stop. Evidence, not verdicts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from chalicelib.domain.model import Stored, stamp


def _moment(told: Any) -> str | None:
    """A witness's time in the one form that times are stored and shown in.

    ECS events, DescribeTasks, Docker and the runner each write them in a way of their own. None
    for what is no time, or has no zone: times are for people, and no evidence is refused for one.
    """
    try:
        return stamp(told if isinstance(told, datetime) else datetime.fromisoformat(told))
    except (ValueError, TypeError, OverflowError):
        return None


Moment = Annotated[str | None, BeforeValidator(_moment)]


class EndedBy(StrEnum):
    """What ended the script, set by the runner before it sends any signal."""

    SCRIPT = "script"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    CANCEL = "cancel"
    NOT_STARTED = "not_started"
    CHECKOUT_FAILED = "checkout_failed"
    OWNER_LOST = "owner_lost"


class ScriptPhase(StrEnum):
    """What a script that has phases tells of itself (docs/repository-file.md)."""

    SETUP = "setup"
    SCRIPT = "script"
    AFTER = "after"


def _phases(told: Any) -> tuple[ScriptPhase, ...]:
    """The known names in the order in which they first came. They are words for people, and no
    evidence is refused for one."""
    names = told if isinstance(told, list | tuple) else ()
    return tuple(dict.fromkeys(known for name in names for known in ScriptPhase if known == name))


_NEVER_STARTED = (EndedBy.NOT_STARTED, EndedBy.CHECKOUT_FAILED)
_STARTED = (EndedBy.SCRIPT, EndedBy.TIMEOUT, EndedBy.SILENCE)


class TaskState(StrEnum):
    """What a backend says of a task that it is asked about."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPED = "stopped"
    UNKNOWN = "unknown"
    """The backend has never heard of it, or has forgotten it."""


class ProcessExit(Stored):
    """A wait status, raw: ``exit 137`` and death by SIGKILL are different things."""

    code: Annotated[int, Field(ge=0, le=255)] | None = None
    signal: Annotated[int, Field(ge=1, le=64)] | None = None

    @model_validator(mode="after")
    def _at_most_one(self) -> ProcessExit:
        if self.code is not None and self.signal is not None:
            raise ValueError("an exit has a code or a signal, not both")
        return self

    @property
    def known(self) -> bool:
        return self.code is not None or self.signal is not None

    @property
    def as_container_status(self) -> int | None:
        """The status that a container ends with when its first process passes this on."""
        if self.signal is not None:
            return 128 + self.signal
        return self.code


class LogSummary(Stored):
    """The log as the runner sent it; ``sha256`` is over the bytes that a reader gets."""

    bytes: Annotated[int, Field(ge=0)] = 0
    chunks: Annotated[int, Field(ge=0)] = 0
    sha256: str = ""
    omitted_bytes: int = 0
    dropped_bytes: int = 0
    drained: bool = True
    archived: bool = False


class Report(Stored):
    """First witness: what the runner saw of the script."""

    exit: ProcessExit
    ended_by: EndedBy
    detail: str | None = Field(default=None, max_length=2000)
    argv: tuple[str, ...] = ()
    phases: Annotated[tuple[ScriptPhase, ...], BeforeValidator(_phases)] = ()
    started_at: Moment = None
    ended_at: Moment = None
    # A factory: an instance made here would build the model at import, which takes 15 ms.
    log: LogSummary = Field(default_factory=LogSummary)
    survivors: int = 0
    runner_peak_kib: int = 0
    runner_cpu_s: float = 0.0
    job_peak_kib: int = 0
    oom_kills: int = 0

    @property
    def ended_in_setup(self) -> bool:
        """The script was never begun; what was told of it can't be taken back."""
        return ScriptPhase.SETUP in self.phases and ScriptPhase.SCRIPT not in self.phases

    @model_validator(mode="after")
    def _a_started_script_has_an_exit(self) -> Report:
        if self.ended_by in _NEVER_STARTED and self.exit.known:
            raise ValueError("exit is known exactly when the script was started")
        # Told to end during the checkout, a runner had no script yet.
        if self.ended_by in _STARTED and not self.exit.known:
            raise ValueError("exit is known exactly when the script was started")
        return self


class FailedContainer(Stored):
    """Another container of the task that has something to say (the one that brings the runner)."""

    name: str
    image: str | None = None
    exit_code: int | None = None
    reason: str = ""


class Stop(Stored):
    """Second witness: what the container engine says of the container named ``job``.

    ``exit_code`` is None when the container never ran or the engine does not know; it is never
    defaulted. ``version`` orders what the engine said: the newest wins
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html).
    """

    task_id: str
    version: int
    exit_code: int | None = None
    stop_code: str | None = None
    reason: str = ""
    job_container_reason: str = ""
    other_containers: tuple[FailedContainer, ...] = ()
    oom_killed: bool = False
    created_at: Moment = None
    pull_started_at: Moment = None
    pull_stopped_at: Moment = None
    started_at: Moment = None
    stopped_at: Moment = None
    image: str | None = None
    image_digest: str | None = None
