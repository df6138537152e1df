"""The table: each condition really refused, each conflict answered without a further request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.aws.table import JobTable
from chalicelib.domain.change import (
    Absent,
    AbsentOrEquals,
    AbsentOrLess,
    Change,
    Condition,
    Equals,
    OneOf,
    Present,
)
from chalicelib.domain.job import Attempt, State
from chalicelib.ports import Conflict, IdempotencyMismatch, ServiceTrouble
from tests.aws.world import NOW, World, a_job

LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def store(world: World) -> JobTable:
    made = JobTable(world.clients, world.table)
    world.count()
    return made


def test_a_job_comes_back_as_it_was_stored_by_one_write_and_one_read(
    world: World, store: JobTable
) -> None:
    job = a_job(1, name="naïve ☃", attempts={}, spec='{"a": "b"}', cpu=0.25)
    assert store.create(job) == (job, True)
    assert store.get(job.id) == job
    assert world.count() == {"PutItem": 1, "GetItem": 1}


def test_a_job_that_is_not_there_is_none(store: JobTable) -> None:
    assert store.get("nothing") is None


def test_creating_the_same_job_twice_leaves_the_first_as_it_is(store: JobTable) -> None:
    job = a_job(1)
    store.create(job)
    changed = store.apply(job.id, Change(set={("name",): "new"}), now=LATER)
    assert store.create(job) == (changed, True)
    assert store.get(job.id) == changed


def test_an_idempotency_key_costs_one_transaction_and_gives_the_first_job_again(
    world: World, store: JobTable
) -> None:
    first, made = store.create(a_job(1), idempotency_key="k", request_hash="h")
    assert made
    assert world.count() == {"TransactWriteItems": 1}
    again, made = store.create(a_job(2), idempotency_key="k", request_hash="h")
    assert (again, made) == (first, False)
    assert store.get(a_job(2).id) is None


def test_an_idempotency_key_used_for_another_request_is_refused(store: JobTable) -> None:
    store.create(a_job(1), idempotency_key="k", request_hash="h")
    with pytest.raises(IdempotencyMismatch):
        store.create(a_job(2), idempotency_key="k", request_hash="other")


def test_the_same_key_in_another_project_is_another_key(store: JobTable) -> None:
    store.create(a_job(1), idempotency_key="k", request_hash="h")
    _, made = store.create(a_job(2, project="other"), idempotency_key="k", request_hash="h")
    assert made


def test_an_idempotency_key_is_forgotten_after_its_day(store: JobTable) -> None:
    store.create(a_job(1), idempotency_key="k", request_hash="h")
    tomorrow = a_job(2, created_at=NOW + timedelta(hours=25))
    assert store.create(tomorrow, idempotency_key="k", request_hash="other") == (tomorrow, True)


def test_a_repeated_transaction_of_the_same_job_counts_as_made(store: JobTable) -> None:
    store.create(a_job(1), idempotency_key="k", request_hash="h")
    assert store.create(a_job(1), idempotency_key="k", request_hash="h") == (a_job(1), True)


def test_a_change_is_one_request_and_gives_the_job_as_it_is_afterwards(
    world: World, store: JobTable
) -> None:
    store.create(a_job(1))
    world.count()
    attempt = Attempt(number=1, started_at=LATER, release="r")
    fields = attempt.model_dump(mode="json", exclude_none=True)
    change = Change(
        set={("state",): "starting", ("attempt",): 1, ("attempts", "1"): fields},
        when=(Equals(("state",), "queued"), Equals(("attempt",), 0)),
    )
    job = store.apply(a_job(1).id, change, now=LATER)
    assert world.count() == {"UpdateItem": 1}
    assert (job.state, job.attempt, job.version, job.updated_at) == (State.STARTING, 1, 2, LATER)
    assert job.current == attempt
    nested = Change(set={("attempts", "1", "report"): {"exit": {"code": 3}, "ended_by": "script"}})
    job = store.apply(job.id, nested, now=LATER)
    assert job.current is not None
    assert job.current.report is not None
    assert job.current.report.exit.code == 3
    assert store.get(job.id) == job


def test_a_refused_change_shows_the_job_as_it_is_without_another_request(
    world: World, store: JobTable
) -> None:
    store.create(a_job(1))
    world.count()
    with pytest.raises(Conflict) as refused:
        store.apply(
            a_job(1).id, Change({("name",): "x"}, when=(Equals(("attempt",), 7),)), now=LATER
        )
    assert refused.value.current == a_job(1)
    assert world.count() == {"UpdateItem": 1}
    assert store.get(a_job(1).id) == a_job(1)


def test_a_change_of_no_job_makes_none(store: JobTable) -> None:
    with pytest.raises(Conflict) as refused:
        store.apply("nothing", Change(set={("state",): "running"}), now=LATER)
    assert refused.value.current is None
    assert store.get("nothing") is None


HOLDS: list[Condition] = [
    Equals(("name",), "n"),
    Equals(("timeout_s",), 60.5),
    OneOf(("state",), ("starting", "queued")),
    Absent(("verdict",)),
    Absent(("attempts", "9", "nonce")),
    Present(("attempts", "1")),
    AbsentOrEquals(("verdict",), "passed"),
    AbsentOrEquals(("attempts", "1", "nonce"), "abc"),
    AbsentOrLess(("attempts", "1", "stop", "version"), 5),
    AbsentOrLess(("exit_code",), 0),
]
REFUSES: list[Condition] = [
    Equals(("name",), "other"),
    Equals(("verdict",), "passed"),
    OneOf(("state",), ("running", "finished")),
    Absent(("name",)),
    Present(("verdict",)),
    AbsentOrEquals(("attempts", "1", "nonce"), "xyz"),
    AbsentOrLess(("attempts", "1", "stop", "version"), 4),
]


def _with_an_attempt(store: JobTable) -> str:
    job = a_job(1, name="n")
    store.create(job)
    attempt: dict[str, Any] = {
        "number": 1,
        "started_at": "2026-01-02T03:04:05.000000Z",
        "nonce": "abc",
        "stop": {"task_id": "t", "version": 4},
    }
    store.apply(job.id, Change(set={("attempts", "1"): attempt}), now=NOW)
    return job.id


@pytest.mark.parametrize("condition", HOLDS, ids=repr)
def test_a_condition_that_holds_lets_the_change_through(
    store: JobTable, condition: Condition
) -> None:
    job_id = _with_an_attempt(store)
    job = store.apply(job_id, Change({("detail",): "written"}, when=(condition,)), now=LATER)
    assert job.detail == "written"


@pytest.mark.parametrize("condition", REFUSES, ids=repr)
def test_a_condition_that_does_not_hold_refuses_the_change(
    store: JobTable, condition: Condition
) -> None:
    job_id = _with_an_attempt(store)
    with pytest.raises(Conflict):
        store.apply(job_id, Change({("detail",): "written"}, when=(condition,)), now=LATER)


def test_all_conditions_must_hold(store: JobTable) -> None:
    job_id = _with_an_attempt(store)
    both = (Equals(("name",), "n"), Equals(("state",), "running"))
    with pytest.raises(Conflict):
        store.apply(job_id, Change({("detail",): "x"}, when=both), now=LATER)


def test_the_same_report_may_be_written_again_and_another_may_not(store: JobTable) -> None:
    job_id = _with_an_attempt(store)
    path = ("attempts", "1", "report")
    report = {"exit": {"code": 3}, "ended_by": "script", "argv": ["a", "b"], "log": {"bytes": 9}}
    first = Change({path: report}, when=(AbsentOrEquals(path, report),))
    store.apply(job_id, first, now=LATER)
    store.apply(job_id, first, now=LATER)
    other = report | {"exit": {"code": 4}}
    with pytest.raises(Conflict):
        store.apply(job_id, Change({path: other}, when=(AbsentOrEquals(path, other),)), now=LATER)


def test_none_is_stored_as_not_there(store: JobTable) -> None:
    job_id = _with_an_attempt(store)
    store.apply(job_id, Change({("detail",): None, ("name",): "n"}), now=LATER)
    job = store.apply(job_id, Change({("name",): "m"}, when=(Absent(("detail",)),)), now=LATER)
    assert job.detail == ""


def test_due_jobs_come_oldest_first_and_finished_ones_never(store: JobTable) -> None:
    for number in range(12):
        store.create(a_job(number))
    store.apply(a_job(3).id, Change({("state",): "finished"}, remove=(("due_at",),)), now=LATER)
    moved = Change({("due_at",): "2026-01-02T03:04:05Z"})
    store.apply(a_job(7).id, moved, now=LATER)
    due = store.due(NOW + timedelta(seconds=8), 50)
    assert [int(job.id) for job in due] == [0, 7, 1, 2, 4, 5, 6, 8]
    assert [int(job.id) for job in store.due(NOW + timedelta(seconds=8), 3)] == [0, 7, 1]
    assert list(store.due(NOW - timedelta(seconds=1), 50)) == []


def test_a_long_launch_queue_does_not_hide_what_else_is_due(store: JobTable) -> None:
    for number in range(12):
        store.create(a_job(number))
    running = Change({("state",): "running", ("due_at",): "2026-01-02T03:05:00Z"})
    for number in (9, 11):
        store.apply(a_job(number).id, running, now=LATER)
    due = store.due(NOW + timedelta(minutes=5), 4)
    assert [int(job.id) for job in due] == [0, 1, 9, 11]
    for number in range(2, 9):
        store.apply(a_job(number).id, running, now=LATER)
    # Nor do they hide the queue: a quarter of the reaper's work is kept for it.
    due = store.due(NOW + timedelta(minutes=5), 4)
    assert [int(job.id) for job in due if job.state is State.QUEUED] == [0]


def test_a_job_that_gets_a_due_time_again_is_found_again(store: JobTable) -> None:
    store.create(a_job(1))
    store.apply(a_job(1).id, Change(remove=(("due_at",),)), now=LATER)
    assert list(store.due(LATER, 5)) == []
    store.apply(a_job(1).id, Change({("due_at",): "2026-01-02T03:04:05.5Z"}), now=LATER)
    assert [job.id for job in store.due(LATER, 5)] == [a_job(1).id]


def test_trouble_of_the_driver_is_a_sentence_without_its_types(world: World) -> None:
    missing = JobTable(world.clients, "no-such-table")
    with pytest.raises(ServiceTrouble, match="could not read job j1") as trouble:
        missing.get("j1")
    assert not trouble.value.retryable
