"""ECS tasks as ECS tells of them, in events and in DescribeTasks: what they say of a stop.

Shape: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html. Fields that
are unknown are ignored, and those that are missing stay missing: an exit code is never made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.evidence import FailedContainer, Stop
from chalicelib.domain.ids import is_id

JOB_CONTAINER = "job"
DETAIL_TYPE = "ECS Task State Change"
JOB_VARIABLE = "TOWLINE_JOB"
TOKEN_VARIABLE = "TOWLINE_TOKEN"
JOB_TAG = "towline:job"
ATTEMPT_TAG = "towline:attempt"

_STARTED_BY = re.compile(r"towline/([^/]+)/([1-9][0-9]{0,5})/([1-9][0-9]{0,5})\Z")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,5}\Z")
_STOPPED = "STOPPED"
_MAX_REASON = 2000


@dataclass(frozen=True, slots=True)
class TaskStopped:
    """The container named ``job`` of this attempt's task has ended, or never will have begun."""

    job_id: str
    attempt: int
    stop: Stop


def started_by(job_id: str, attempt: int, launch_try: int) -> str:
    """What RunTask's ``startedBy`` is: at most 128 of letters, digits, ``-``, ``_`` and ``/``."""
    return f"towline/{job_id}/{attempt}/{launch_try}"


def owner_of(task: Mapping[str, Any]) -> tuple[str, int] | None:
    """Job and attempt that a task was started for; None: it is not one of ours.

    By ``startedBy``, else by its tags, else by the environment of its override.
    """
    found = _STARTED_BY.match(_text(task.get("startedBy")))
    if found and is_id(found[1]):
        return found[1], int(found[2])
    tags = {_text(tag.get("key")): _text(tag.get("value")) for tag in _maps(task.get("tags"))}
    if owner := _owner(tags.get(JOB_TAG, ""), tags.get(ATTEMPT_TAG, "")):
        return owner
    given = _override_environment(task)
    return _owner(given.get(JOB_VARIABLE, ""), given.get(TOKEN_VARIABLE, "").partition(".")[0])


def parse(event: Mapping[str, Any]) -> TaskStopped | None:
    """What a task state change event says of a stop; None: nothing yet, or not of ours.

    May be asked about any event, as often as it comes; it raises nothing for odd ones.
    """
    if _text(event.get("detail-type")) != DETAIL_TYPE:
        return None
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        return None
    owner, stop = owner_of(detail), read_stop(detail)
    return TaskStopped(owner[0], owner[1], stop) if owner and stop else None


def read_stop(task: Mapping[str, Any]) -> Stop | None:
    """The stop that a task in an event or in DescribeTasks tells of; None while there is none.

    The job's container is stopped long before the task is (23 s of network teardown), and its exit
    code is final then. A container that did run but has no exit code yet is waited for.
    """
    containers = _maps(task.get("containers"))
    job = next((c for c in containers if c.get("name") == JOB_CONTAINER), None)
    task_over = task.get("lastStatus") == _STOPPED
    if not task_over:
        if job is None or job.get("lastStatus") != _STOPPED:
            return None
        if _number(job.get("exitCode")) is None and task.get("startedAt") is not None:
            return None
    job = job or {}
    return Stop(
        task_id=_text(task.get("taskArn")),
        version=_number(task.get("version")) or 0,
        exit_code=_number(job.get("exitCode")),
        stop_code=_text(task.get("stopCode")) or None,
        reason=_text(task.get("stoppedReason"))[:_MAX_REASON],
        job_container_reason=_text(job.get("reason"))[:_MAX_REASON],
        other_containers=tuple(_others(containers)),
        created_at=_time(task.get("createdAt")),
        pull_started_at=_time(task.get("pullStartedAt")),
        pull_stopped_at=_time(task.get("pullStoppedAt")),
        started_at=_time(task.get("startedAt")),
        stopped_at=_time(task.get("executionStoppedAt")) or _time(task.get("stoppedAt")),
        image=_text(job.get("image")) or None,
        image_digest=_text(job.get("imageDigest")) or None,
    )


def without_environment(event: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an event or task that may be logged: override environments are left out."""
    return {
        key: "(left out)" if key in ("environment", "environmentFiles") else _clean(value)
        for key, value in event.items()
    }


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_environment(value)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _others(containers: Iterable[Mapping[str, Any]]) -> Iterable[FailedContainer]:
    """The other containers that have something to say: a reason, or a failure."""
    for container in containers:
        name, code = _text(container.get("name")), _number(container.get("exitCode"))
        reason = _text(container.get("reason"))[:_MAX_REASON]
        if name != JOB_CONTAINER and (reason or code):
            image = _text(container.get("image")) or None
            yield FailedContainer(name=name, image=image, exit_code=code, reason=reason)


def _override_environment(task: Mapping[str, Any]) -> dict[str, str]:
    overrides = task.get("overrides")
    if not isinstance(overrides, Mapping):
        return {}
    return {
        _text(variable.get("name")): _text(variable.get("value"))
        for container in _maps(overrides.get("containerOverrides"))
        if container.get("name") == JOB_CONTAINER
        for variable in _maps(container.get("environment"))
    }


def _owner(job_id: str, attempt: str) -> tuple[str, int] | None:
    if not is_id(job_id) or not _ATTEMPT.match(attempt):
        return None
    return job_id, int(attempt)


def _maps(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list | tuple):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    """A whole number; True is none, and an absent one stays absent."""
    if isinstance(value, bool):
        return None
    return int(value) if isinstance(value, int) else None


def _time(value: Any) -> str | None:
    """Events bring text, DescribeTasks brings times."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str) and value else None
