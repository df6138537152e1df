"""The table's stream into notices: what matters once, heartbeats not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.aws.builds import BuildTable
from chalicelib.aws.job_items import job_item
from chalicelib.build_batches import take_changes, take_notices
from chalicelib.domain.job import Job, State
from chalicelib.usecases.outbox import Notice, notice_of
from tests.usecases.build_world import BuildWorld, new_build_world

FILE = "jobs:\n  a:\n    script: x\n"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def record(old: dict[str, Any] | None, new: dict[str, Any], number: int = 1) -> dict[str, Any]:
    images = {"NewImage": new} | ({} if old is None else {"OldImage": old})
    return {"eventID": str(number), "dynamodb": {"SequenceNumber": str(number), **images}}


def job_of(world: BuildWorld, build_id: str) -> Job:
    return world.get(world.dispatcher.build(build_id).jobs["a"].job_id or "")


def test_a_job_that_moves_is_told_and_one_that_only_beats_is_not(world: BuildWorld) -> None:
    build = world.push(FILE)
    job = job_of(world, build.id)
    moved = job.model_copy(update={"state": State.RUNNING, "version": 4})
    beats = moved.model_copy(update={"version": 5})
    expected = Notice(build.id, f"{build.id} {job.id}", f"{job.id}#4")
    assert notice_of(record(job_item(job), job_item(moved))) == expected
    assert notice_of(record(job_item(moved), job_item(beats))) is None
    alone = job.model_copy(update={"build": None})
    assert notice_of(record(None, job_item(alone))) is None


def test_a_build_is_told_of_once_for_each_version(world: BuildWorld) -> None:
    build = world.push(FILE)
    table = BuildTable(world.clients, "towline")
    item = table._item(build, world.now)
    newer = table._item(build.model_copy(update={"version": build.version + 1}), world.now)
    found = notice_of(record(item, newer))
    assert found == Notice(build.id, build.id, f"{build.id}#v{build.version + 1}")
    assert notice_of(record(item, item)) is None
    assert notice_of({"dynamodb": {"OldImage": item}}) is None


def test_a_change_that_cant_be_queued_is_read_again_from_there_on(world: BuildWorld) -> None:
    build = world.push(FILE)
    job = job_of(world, build.id)
    records = [record(None, {"pk": {"S": "PROJECTS"}}, 1), record(None, job_item(job), 2)]
    world.notices.broken = True
    answer = take_changes({"Records": records}, None, world.dispatcher)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    world.notices.broken = False
    for _ in range(2):
        answer = take_changes({"Records": records}, None, world.dispatcher)
        assert answer == {"batchItemFailures": []}
    assert world.notices.take() == [f"{build.id} {job.id}"]


def test_a_notice_that_failed_keeps_those_behind_it_in_order(
    world: BuildWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def notify(body: str) -> None:
        if body == "2":
            raise RuntimeError("a bug")
        taken.append(body)

    monkeypatch.setattr(world.dispatcher, "notify", notify)
    event = {"Records": [{"messageId": f"m{n}", "body": str(n)} for n in (1, 2, 3)]}
    answer = take_notices(event, None, world.dispatcher)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["m2", "m3"]
    assert taken == ["1"]
