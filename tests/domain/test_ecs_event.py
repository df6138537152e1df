"""Task state change events of ECS, as it sends them: late, twice, short of fields."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ecs_event import (
    owner_of,
    parse,
    read_stop,
    started_by,
    without_environment,
)
from chalicelib.domain.evidence import FailedContainer
from tests.domain.samples import JOB_ID

ARN = "arn:aws:ecs:eu-west-1:111122223333:task/towline/0123456789abcdef0123456789abcdef"
SECRET = "1.deadbeef"


def event(**detail: Any) -> dict[str, Any]:
    """The event in which the job's container is first seen stopped."""
    job = {
        "name": "job",
        "lastStatus": "STOPPED",
        "exitCode": 3,
        "image": "registry.test/app:1",
        "imageDigest": "sha256:" + "b" * 64,
        "runtimeId": "0123-456",
    }
    base = {
        "taskArn": ARN,
        "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/towline",
        "group": "family:towline",
        "startedBy": started_by(JOB_ID, 2, 1),
        "version": 5,
        "lastStatus": "DEPROVISIONING",
        "desiredStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "createdAt": "2026-03-01T12:00:00Z",
        "pullStartedAt": "2026-03-01T12:00:10Z",
        "pullStoppedAt": "2026-03-01T12:00:20Z",
        "startedAt": "2026-03-01T12:00:21Z",
        "executionStoppedAt": "2026-03-01T12:01:00Z",
        "containers": [job, {"name": "payload", "lastStatus": "STOPPED", "exitCode": 0}],
        "overrides": {
            "containerOverrides": [
                {
                    "name": "job",
                    "environment": [
                        {"name": "TOWLINE_JOB", "value": JOB_ID},
                        {"name": "TOWLINE_TOKEN", "value": SECRET},
                    ],
                }
            ]
        },
        "aFieldOfNextYear": {"x": 1},
    }
    return {
        "version": "0",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "detail": base | detail,
    }


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "job", **fields}]}


def test_the_stop_is_read_from_the_event_before_the_task_is_stopped() -> None:
    found = parse(event())
    assert found is not None
    assert (found.job_id, found.attempt) == (JOB_ID, 2)
    stop = found.stop
    assert (stop.task_id, stop.version, stop.exit_code) == (ARN, 5, 3)
    assert (stop.stop_code, stop.reason) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    times = (stop.started_at, stop.stopped_at)
    assert times == ("2026-03-01T12:00:21.000000Z", "2026-03-01T12:01:00.000000Z")
    assert stop.image == "registry.test/app:1"
    assert stop.other_containers == ()


@pytest.mark.parametrize("status", ["STOPPING", "DEPROVISIONING", "STOPPED"])
def test_the_tasks_own_state_does_not_matter_once_the_container_has_an_exit_code(
    status: str,
) -> None:
    found = parse(event(lastStatus=status))
    assert found is not None
    assert found.stop.exit_code == 3


@pytest.mark.parametrize(
    "detail",
    [
        {"lastStatus": "RUNNING", **container(lastStatus="RUNNING")},
        {"lastStatus": "PENDING", "containers": []},
        {"lastStatus": "STOPPING", **container(lastStatus="RUNNING")},
        {"lastStatus": "DEPROVISIONING", "containers": []},
        # It did run, so its exit code is still to come.
        {"lastStatus": "DEPROVISIONING", **container(lastStatus="STOPPED")},
    ],
)
def test_before_the_containers_end_is_known_there_is_no_stop(detail: dict[str, Any]) -> None:
    assert parse(event(**detail)) is None


def test_another_containers_end_is_not_the_jobs() -> None:
    payload = {"name": "payload", "lastStatus": "STOPPED", "exitCode": 0}
    job = {"name": "job", "lastStatus": "RUNNING"}
    assert parse(event(lastStatus="RUNNING", containers=[payload, job])) is None


def test_a_container_that_never_ran_has_no_exit_code_not_zero() -> None:
    reason = "CannotPullContainerError: manifest unknown"
    detail = container(lastStatus="STOPPED", reason=reason)
    found = parse(event(stopCode="TaskFailedToStart", startedAt=None, **detail))
    assert found is not None
    assert found.stop.exit_code is None
    assert found.stop.job_container_reason == reason


@pytest.mark.parametrize("containers", [[], None, "odd", [None, 3]])
def test_a_failed_start_may_have_no_containers_at_all(containers: Any) -> None:
    found = parse(event(lastStatus="STOPPED", containers=containers, stopCode="TaskFailedToStart"))
    assert found is not None
    assert found.stop.exit_code is None
    assert found.stop.stop_code == "TaskFailedToStart"


def test_a_stopped_task_is_over_even_without_the_containers_word() -> None:
    found = parse(event(lastStatus="STOPPED", **container(lastStatus="RUNNING")))
    assert found is not None
    assert found.stop.exit_code is None


def test_what_other_containers_have_to_say_is_kept() -> None:
    payload = {"name": "payload", "lastStatus": "STOPPED", "reason": "no", "image": "r:1"}
    quiet = {"name": "quiet", "exitCode": 0}
    failed = {"name": "failed", "exitCode": 2}
    found = parse(event(lastStatus="STOPPED", containers=[payload, quiet, failed]))
    assert found is not None
    assert found.stop.other_containers == (
        FailedContainer(name="payload", image="r:1", reason="no"),
        FailedContainer(name="failed", exit_code=2),
    )


@pytest.mark.parametrize("code", [True, "0", 1.5, None])
def test_an_odd_exit_code_is_no_exit_code(code: Any) -> None:
    found = parse(event(lastStatus="STOPPED", **container(lastStatus="STOPPED", exitCode=code)))
    assert found is not None
    assert found.stop.exit_code is None


def test_started_by_keeps_to_the_characters_that_ecs_allows() -> None:
    text = started_by(JOB_ID, 99, 7)
    assert re.fullmatch(r"[A-Za-z0-9\-/_]{1,128}", text)
    assert owner_of({"startedBy": text}) == (JOB_ID, 99)


@pytest.mark.parametrize(
    "task",
    [
        {"startedBy": f"towline/{JOB_ID}/2/1"},
        {
            "tags": [
                {"key": "towline:job", "value": JOB_ID},
                {"key": "towline:attempt", "value": "2"},
            ]
        },
        {
            "startedBy": "somebody",
            "overrides": {
                "containerOverrides": [
                    {
                        "name": "job",
                        "environment": [
                            {"name": "TOWLINE_JOB", "value": JOB_ID},
                            {"name": "TOWLINE_TOKEN", "value": "2.ff"},
                        ],
                    }
                ]
            },
        },
    ],
    ids=["startedBy", "tags", "environment"],
)
def test_a_task_names_its_job_in_three_places(task: dict[str, Any]) -> None:
    assert owner_of(task) == (JOB_ID, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ecs-svc/123",
        f"towline/{JOB_ID}",
        f"towline/{JOB_ID}/0/1",
        f"towline/{JOB_ID}/x/1",
        f"towline/{JOB_ID}/1/1/1",
        "towline/notanid/1/1",
        f"other/{JOB_ID}/1/1",
        None,
    ],
)
def test_a_task_of_somebody_else_is_left_alone(text: Any) -> None:
    assert parse(event(startedBy=text, overrides={})) is None


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"detail-type": "ECS Task State Change"},
        {"detail-type": "ECS Task State Change", "detail": None},
        {"detail-type": "ECS Task State Change", "detail": []},
        {"detail-type": "ECS Container Instance State Change", "detail": event()["detail"]},
    ],
)
def test_other_events_say_nothing(odd: dict[str, Any]) -> None:
    assert parse(odd) is None


ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none())


@given(st.dictionaries(st.sampled_from(sorted(event()["detail"])), ODD))
def test_no_odd_field_makes_it_raise(detail: dict[str, Any]) -> None:
    found = parse(event(**detail))
    if found is not None and "containers" in detail:
        assert found.stop.exit_code is None


def test_described_tasks_are_read_alike() -> None:
    """DescribeTasks gives the same fields, with times as times."""
    task = event()["detail"] | {"startedAt": datetime(2026, 3, 1, 12, 0, 21, tzinfo=UTC)}
    stop = read_stop(task)
    assert stop is not None
    assert (stop.exit_code, stop.started_at) == (3, "2026-03-01T12:00:21.000000Z")


def test_environments_are_left_out_of_what_is_logged() -> None:
    whole = event()
    before = copy.deepcopy(whole)
    shown = without_environment(whole)
    assert SECRET not in repr(shown)
    assert shown["detail"]["taskArn"] == ARN
    assert whole == before, "the event itself must stay as it is"


def test_a_stop_holds_nothing_of_the_environment() -> None:
    found = parse(event())
    assert found is not None
    assert SECRET not in found.stop.model_dump_json()
