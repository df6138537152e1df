"""Tasks as DescribeTasks shows them: over when the job container is, and not before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.aws.ecs_views import owned_task, task_view, views
from chalicelib.domain.evidence import TaskState
from tests.aws.ecs_world import JOB

ARN = "arn:aws:ecs:eu-west-1:1:task/towline/" + "a" * 32
CREATED = datetime(2026, 1, 2, tzinfo=UTC)


def _task(last_status: str, job: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "taskArn": ARN,
        "lastStatus": last_status,
        "startedBy": f"towline/{JOB}/2/1",
        "createdAt": CREATED,
        "version": 4,
        "containers": [{"name": "job", **job}] if job is not None else [],
    } | fields


@pytest.mark.parametrize(
    ("last_status", "state"),
    [
        ("PROVISIONING", TaskState.PENDING),
        ("PENDING", TaskState.PENDING),
        ("ACTIVATING", TaskState.PENDING),
        ("RUNNING", TaskState.RUNNING),
        ("DEACTIVATING", TaskState.RUNNING),
        ("STOPPING", TaskState.RUNNING),
        ("A_STATE_OF_NEXT_YEAR", TaskState.RUNNING),
        ("STOPPED", TaskState.STOPPED),
    ],
)
def test_states_of_ecs_in_our_words(last_status: str, state: TaskState) -> None:
    assert task_view(_task(last_status, {"lastStatus": "RUNNING"})).state is state


def test_a_task_is_over_once_its_job_container_is() -> None:
    view = task_view(_task("DEPROVISIONING", {"lastStatus": "STOPPED", "exitCode": 3}))
    assert view.state is TaskState.STOPPED
    assert view.stop is not None
    assert (view.stop.exit_code, view.stop.version) == (3, 4)


@pytest.mark.parametrize("job", [None, {"lastStatus": "STOPPED"}, {"lastStatus": "PENDING"}])
def test_a_stopped_task_without_an_exit_code_has_none(job: dict[str, Any] | None) -> None:
    stop = task_view(_task("STOPPED", job)).stop
    assert stop is not None
    assert stop.exit_code is None


def test_an_ended_task_is_no_longer_owned() -> None:
    running = owned_task(_task("RUNNING", {"lastStatus": "RUNNING"}))
    assert running is not None
    assert (running.job_id, running.attempt, running.started_at) == (JOB, 2, CREATED)
    ended = {"lastStatus": "STOPPED", "exitCode": 0}
    assert owned_task(_task("DEPROVISIONING", ended)) is None
    assert owned_task(_task("RUNNING", {}, startedBy="ecs-svc/123")) is None


def test_missing_tasks_are_unknown_and_other_failures_say_nothing() -> None:
    failures = [{"arn": ARN, "reason": "MISSING"}, {"arn": "x", "reason": "SOMETHING"}]
    (view,) = views({"tasks": [], "failures": failures})
    assert (view.task_id, view.state) == (ARN, TaskState.UNKNOWN)
