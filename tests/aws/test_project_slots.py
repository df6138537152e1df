"""Slots move in one transaction with the job, which is tried again while others write the same."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.project_slots import TRIES, SlotTable
from chalicelib.aws.projects import ProjectTable
from chalicelib.aws.table import JobTable
from chalicelib.domain.job import Job, State
from chalicelib.domain.project import Project
from chalicelib.domain.slot_transitions import give_slot, wait_for_slot
from chalicelib.domain.transitions import begin_attempt
from chalicelib.ports import Conflict, ServiceTrouble
from chalicelib.project_port import Heir, NoSlot, NotHanded, SlotsFree
from tests.aws.world import NOW, World, a_job

NAME = "acme/site"
BEGIN = begin_attempt(1, release="r", now=NOW, limited=True)


@pytest.fixture
def slots(world: World) -> SlotTable:
    limited = Project(name=NAME, created_at=NOW, updated_at=NOW, max_jobs=1)
    ProjectTable(world.clients, world.table).put(limited, replaces=None)
    return SlotTable(world.clients, world.table, retention_days=7, sleep=lambda _: None)


def stored(world: World, *numbers: int) -> list[Job]:
    jobs = [a_job(number, limited=True) for number in numbers]
    for job in jobs:
        JobTable(world.clients, world.table).create(job)
    world.count()
    return jobs


def test_a_slot_is_taken_with_the_job_in_two_requests(world: World, slots: SlotTable) -> None:
    first, second = stored(world, 1, 2)
    job = slots.take(first, BEGIN, now=NOW)
    assert world.count() == {"TransactWriteItems": 1, "GetItem": 1}
    assert (job.state, job.version) == (State.STARTING, 2)
    with pytest.raises(NoSlot):
        slots.take(second, BEGIN, now=NOW)
    assert slots.read(NAME).holders == {first.id: NOW}
    with pytest.raises(Conflict) as conflict:
        slots.take(first, BEGIN, now=NOW)
    assert conflict.value.current == job


def test_nobody_waits_for_a_slot_that_is_free(world: World, slots: SlotTable) -> None:
    [job] = stored(world, 1)
    with pytest.raises(SlotsFree):
        slots.wait(job, wait_for_slot(job, now=NOW), now=NOW)
    assert slots.waiting(NAME) == []


def test_a_job_that_was_handed_a_slot_meanwhile_does_not_wait_beside_it(
    world: World, slots: SlotTable
) -> None:
    """A second delivery of its message was refused a slot before, and comes to the line late."""
    first, second = stored(world, 1, 2)
    held = slots.take(first, BEGIN, now=NOW)
    slots.wait(second, wait_for_slot(second, now=NOW), now=NOW)
    slots.leave(held, give_up(held), Heir(second.id, give_slot(now=NOW)), now=NOW)
    with pytest.raises(SlotsFree):
        slots.wait(second, wait_for_slot(second, now=NOW), now=NOW)
    assert slots.waiting(NAME) == []


def test_the_line_is_in_the_order_of_submission_and_read_in_parts(
    world: World, slots: SlotTable
) -> None:
    first, *others = stored(world, 1, 4, 3, 2)
    slots.take(first, BEGIN, now=NOW)
    for job in others:
        slots.wait(job, wait_for_slot(job, now=NOW), now=NOW)
    ids = sorted(job.id for job in others)
    assert list(slots.waiting(NAME)) == ids[:1]
    assert list(slots.waiting(NAME, limit=9)) == ids
    assert list(slots.waiting(NAME, after=ids[0], limit=9)) == ids[1:]
    assert slots.waiting("acme/other", limit=9) == []


def test_a_slot_is_handed_to_no_one_who_does_not_wait(world: World, slots: SlotTable) -> None:
    first, second = stored(world, 1, 2)
    begun = slots.take(first, BEGIN, now=NOW)
    heir = Heir(second.id, give_slot(now=NOW))
    with pytest.raises(NotHanded):
        slots.leave(begun, give_up(begun), heir, now=NOW)
    with pytest.raises(Conflict):
        slots.hand(NAME, heir, now=NOW)
    slots.wait(second, wait_for_slot(second, now=NOW), now=NOW)
    with pytest.raises(NoSlot):
        slots.hand(NAME, heir, now=NOW)
    slots.leave(begun, give_up(begun), heir, now=NOW)
    assert set(slots.read(NAME).holders) == {second.id}
    assert slots.waiting(NAME) == []


def test_who_has_no_slot_hands_none_on(world: World, slots: SlotTable) -> None:
    first, second, third = stored(world, 1, 2, 3)
    slots.take(first, BEGIN, now=NOW)
    for job in (second, third):
        slots.wait(job, wait_for_slot(job, now=NOW), now=NOW)
    heir = Heir(third.id, give_slot(now=NOW))
    with pytest.raises(NotHanded):
        slots.leave(second, give_up(second), heir, now=NOW)
    slots.leave(second, give_up(second), None, now=NOW)
    assert set(slots.read(NAME).holders) == {first.id}
    assert list(slots.waiting(NAME, limit=9)) == [third.id]


def test_jobs_that_wait_for_a_slot_are_due_beside_those_on_the_queue(
    world: World, slots: SlotTable
) -> None:
    first, second = stored(world, 1, 2)
    slots.take(first, BEGIN, now=NOW)
    slots.wait(second, wait_for_slot(second, now=NOW), now=NOW)
    keys = {"pk": {"S": f"JOB#{second.id}"}, "sk": {"S": "META"}}
    item = world.clients.dynamodb().get_item(TableName=world.table, Key=keys)["Item"]
    assert item["open_pk"]["S"].startswith("WAIT#")


def test_only_what_is_wrong_is_dropped(world: World, slots: SlotTable) -> None:
    first, second = stored(world, 1, 2)
    slots.take(first, BEGIN, now=NOW)
    slots.wait(second, wait_for_slot(second, now=NOW), now=NOW)
    assert not slots.drop_holder(NAME, first.id)
    assert not slots.drop_waiting(NAME, second.id)
    assert slots.drop_waiting(NAME, first.id)
    assert slots.drop_holder(NAME, "gone")


class Refusing:
    """The client, whose next transactions are refused for others that are under way."""

    def __init__(self, world: World, times: int) -> None:
        self.real: Any = world.clients.dynamodb()
        self.left, self.asked = times, 0

    def transact_write_items(self, **request: Any) -> Any:
        self.asked += 1
        if self.left == 0:
            return self.real.transact_write_items(**request)
        self.left -= 1
        reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
        said: Any = {"Error": {"Code": "TransactionCanceledException", "Message": "x"}}
        said["CancellationReasons"] = reasons
        raise ClientError(said, "TransactWriteItems")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.mark.parametrize("times", [1, TRIES - 1, TRIES])
def test_transactions_that_refuse_each_other_are_tried_again_later_and_later(
    world: World, slots: SlotTable, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    [job] = stored(world, 1)
    client = Refusing(world, times)
    pauses: list[float] = []
    patient = SlotTable(world.clients, world.table, sleep=pauses.append)
    monkeypatch.setattr(type(world.clients), "dynamodb", lambda _: client)
    if times < TRIES:
        assert patient.take(job, BEGIN, now=NOW).state is State.STARTING
        assert client.asked == times + 1
    else:
        with pytest.raises(ServiceTrouble, match="TransactionConflict") as trouble:
            patient.take(job, BEGIN, now=NOW)
        assert trouble.value.retryable
    assert len(pauses) == min(times, TRIES - 1)
    assert pauses == sorted(pauses)


def give_up(job: Job) -> Any:
    """Some end of it."""
    from chalicelib.domain import transitions
    from chalicelib.domain.decide import errored
    from chalicelib.domain.verdict import Cause

    return transitions.finish(job.attempt, errored(job, Cause.RUNNER_LOST, "x"), now=NOW)
