"""What the engine says of a container that has ended, as a ``Stop``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain.evidence import FailedContainer, Stop
from towline.backends.tasks import TaskRecord

STOPPED_BY_US = "UserInitiated"
ENDED = "EssentialContainerExited"
NEVER_STARTED = "TaskFailedToStart"
ENGINE_LOST = "InfrastructureHealth"
"""The stop codes of ECS, so that one table classifies the stops of all backends."""

PAYLOAD = "payload"
_NEVER = "0001-01-01"
"""How Go writes a time that is not set."""


@dataclass(slots=True)
class Heard:
    """What the events told of one container until it ended."""

    signals: list[str] = field(default_factory=list)
    exit_code: int | None = None
    oom: bool = False
    restarted: bool = False
    """The engine went away while the container was there."""
    doubted: bool = False
    """It has ended, and it is being found out why."""


def stop_of_container(
    record: TaskRecord, container: Mapping[str, Any] | None, heard: Heard, *, now: datetime
) -> Stop:
    """The stop of a container that has ended. ``container`` None: it is not there any more.

    Its exit code is then what the events said, or unknown; it is never made up.
    """
    state: Mapping[str, Any] = container["State"] if container else {}
    exit_code = heard.exit_code
    # What was heard at the end itself stands, even if somebody has started the container again.
    if exit_code is None and state and not state.get("Running"):
        exit_code = int(state["ExitCode"])
    code, reason = _why(record, container, heard, exit_code)
    stopped_at = _time(state.get("FinishedAt")) or now.isoformat()
    return Stop(
        task_id=record.task_id,
        version=_version(now),
        exit_code=exit_code,
        stop_code=code,
        reason=reason,
        job_container_reason=_own_reason(state, heard),
        oom_killed=bool(state.get("OOMKilled")) or heard.oom,
        created_at=record.created_at.isoformat(),
        pull_started_at=record.pull_started_at,
        pull_stopped_at=record.pull_stopped_at,
        started_at=_time(state.get("StartedAt"))
        or (record.started_at.isoformat() if record.started_at else None),
        stopped_at=stopped_at,
        image=record.request.image,
        image_digest=record.image_digest,
    )


def stop_without_container(
    record: TaskRecord, code: str, reason: str, *, now: datetime, runner: str | None = None
) -> Stop:
    """The stop of a task whose container never ran, or of which nothing can be known.

    ``runner``: what was wrong with the runner's image, if it was that; such a failure is ours, and
    is told as that of the container that brings the runner on ECS.
    """
    return Stop(
        task_id=record.task_id,
        version=_version(now),
        stop_code=code,
        reason=reason,
        created_at=record.created_at.isoformat(),
        pull_started_at=record.pull_started_at,
        pull_stopped_at=record.pull_stopped_at,
        started_at=record.started_at.isoformat() if record.started_at else None,
        stopped_at=now.isoformat(),
        image=record.request.image,
        image_digest=record.image_digest,
        other_containers=(FailedContainer(name=PAYLOAD, reason=runner),) if runner else (),
    )


def _why(
    record: TaskRecord, container: Mapping[str, Any] | None, heard: Heard, exit_code: int | None
) -> tuple[str, str]:
    if record.stop_reason is not None:
        return STOPPED_BY_US, record.stop_reason
    if heard.restarted and heard.signals:
        return ENGINE_LOST, "The Docker engine was restarted and ended the container."
    if heard.signals:
        return STOPPED_BY_US, (
            f"Somebody ended the container through the engine (signal {heard.signals[0]})."
        )
    if container is None and heard.restarted:
        return ENGINE_LOST, "The Docker engine was restarted and lost the container."
    if container is None and exit_code is None:
        return ENDED, "The container vanished: somebody removed it from the engine."
    return ENDED, f"The container exited with status {exit_code}."


def _own_reason(state: Mapping[str, Any], heard: Heard) -> str:
    if state.get("OOMKilled") or heard.oom:
        return "OutOfMemoryError: a process of the container was killed for memory usage"
    return str(state.get("Error") or "")


def _time(text: str | None) -> str | None:
    return None if not text or text.startswith(_NEVER) else text


def _version(now: datetime) -> int:
    """Later evidence has a higher number: milliseconds since 1970."""
    return int(now.timestamp() * 1000)
