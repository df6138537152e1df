"""Tasks as DescribeTasks shows them, in the words of the ports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.ecs_event import owner_of, read_stop
from chalicelib.domain.evidence import TaskState
from chalicelib.ports import OwnedTask, TaskView

_NOT_YET = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})


def task_view(task: Mapping[str, Any]) -> TaskView:
    """What one task is. It is over once its job container is, long before ECS calls it STOPPED."""
    task_id = str(task["taskArn"])
    stop = read_stop(task)
    if stop is not None:
        return TaskView(task_id, TaskState.STOPPED, stop)
    pending = task.get("lastStatus") in _NOT_YET
    return TaskView(task_id, TaskState.PENDING if pending else TaskState.RUNNING)


def views(answer: Mapping[str, Any]) -> Iterable[TaskView]:
    """The tasks of one answer; a failure ``MISSING`` is a task that ECS has forgotten."""
    for task in answer.get("tasks", []):
        yield task_view(task)
    for failure in answer.get("failures", []):
        if failure.get("reason") == "MISSING":
            yield TaskView(str(failure.get("arn", "")), TaskState.UNKNOWN)


def owned_task(task: Mapping[str, Any]) -> OwnedTask | None:
    """The task as one of ours; None when it is not, or when it is over."""
    owner = owner_of(task)
    if owner is None or task_view(task).state is TaskState.STOPPED:
        return None
    created = task.get("createdAt")
    return OwnedTask(
        task_id=str(task["taskArn"]),
        job_id=owner[0],
        attempt=owner[1],
        started_at=created if isinstance(created, datetime) else None,
    )
