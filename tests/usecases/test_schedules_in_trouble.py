"""A due time makes its one build whoever dies, comes twice or is away; else it is said why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.ports import ServiceTrouble
from tests.fakes.github_server import Fault, secondary_limit
from tests.fakes.github_server.payloads import push
from tests.usecases.build_world import SHA, BuildWorld
from tests.usecases.schedule_world import (
    DUE,
    FILE,
    PROJECT,
    at_head,
    entries,
    learn,
    new_schedule_world,
    pass_at,
    scheduled,
)
from tests.usecases.world import Crash


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_schedule_world() as made:
        yield made


def test_a_due_time_makes_one_build_whoever_dies_or_looks_twice(
    world: BuildWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(world)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.side.timetables), "put", _dies)
        with pytest.raises(Crash):
            pass_at(world, DUE)
    # The next pass finds it due still, and its delivery stored.
    assert pass_at(world, DUE + timedelta(seconds=30)) != []
    pass_at(world, DUE + timedelta(minutes=1))
    assert len(scheduled(world)) == 1


def _dies(*_: object, **__: object) -> bool:
    raise Crash


def test_what_dies_before_it_was_sent_is_sent_by_the_reaper(
    world: BuildWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(world)
    with monkeypatch.context() as patch:
        patch.setattr(world.deliveries, "send", _dies)
        with pytest.raises(Crash):
            pass_at(world, DUE)
    assert entries(world)[0].last_at == DUE
    assert scheduled(world) == []
    pass_at(world, DUE + timedelta(minutes=2))
    assert len(scheduled(world)) == 1


def test_a_builder_that_is_faster_than_the_reaper_can_note_what_came_of_it(
    world: BuildWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(world)

    def at_once(body: str, *, group: str, unique: str) -> None:
        world.dispatcher.take_delivery(body)

    monkeypatch.setattr(world.deliveries, "send", at_once)
    pass_at(world, DUE)
    [build] = scheduled(world)
    assert entries(world)[0].said == f"build {build.id}"


def test_a_delivery_that_is_worked_on_twice_makes_one_build_of_one_commit(
    world: BuildWorld,
) -> None:
    learn(world)
    world.now = DUE
    world.dispatcher.reap()
    [delivery_id] = world.deliveries.take()
    world.dispatcher.take_delivery(delivery_id)
    stored = world.side.deliveries.get(delivery_id)
    assert stored is not None
    # As if whoever made the build had died before noting it.
    world.side.deliveries.put_off(stored.model_copy(update={"done": ""}), world.now)
    at_head(world, FILE, sha="e" * 40)
    asked = len(world.github.records)
    world.dispatcher.take_delivery(delivery_id)
    assert len(world.github.records) == asked
    assert [build.sha for build in scheduled(world)] == [SHA]


def test_a_lost_message_is_sent_again(world: BuildWorld) -> None:
    learn(world)
    world.deliveries.broken = True
    assert pass_at(world, DUE) == []
    world.deliveries.broken = False
    pass_at(world, DUE + timedelta(minutes=2))
    assert len(scheduled(world)) == 1


def test_a_project_that_was_removed_has_no_schedules_even_if_they_stayed(
    world: BuildWorld,
) -> None:
    learn(world)
    left = world.dispatcher.timetable(PROJECT)
    assert left is not None
    world.dispatcher.remove_project(PROJECT)
    assert world.side.timetables.put(left.model_copy(update={"version": 1}))
    assert pass_at(world, DUE) == []
    assert world.side.timetables.get(PROJECT) is None


def test_a_branch_that_is_not_there_is_said_where_people_look(world: BuildWorld) -> None:
    del world.repository.commits["heads/main"]
    learn(world)
    pass_at(world, DUE)
    assert scheduled(world) == []
    assert entries(world)[0].said == "no build: the repository has no branch main"


def test_while_github_limits_us_the_build_is_made_later(world: BuildWorld) -> None:
    learn(world)
    world.github.faults.append(secondary_limit(900))
    assert pass_at(world, DUE) == ["put off"]
    assert entries(world)[0].said.startswith("put off: ")
    pass_at(world, DUE + timedelta(minutes=16))
    [build] = scheduled(world)
    assert entries(world)[0].said == f"build {build.id}"


def test_a_repository_that_cant_be_read_is_said_where_people_look(world: BuildWorld) -> None:
    learn(world)
    world.github.faults.append(Fault(status=403, body=b'{"message": "no"}'))
    pass_at(world, DUE)
    assert entries(world)[0].said.startswith("no build: ")
    assert scheduled(world) == []


def test_one_projects_trouble_does_not_keep_the_others_waiting(
    world: BuildWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(world)
    other = world.new_repository("Octo/Other", default_branch="main")
    other.commits = dict(world.repository.commits)
    world.deliver("push", push(other, SHA))
    world.build_all()
    read = world.dispatcher.collaborators.projects.get

    def away(name: str) -> object:
        if name == PROJECT:
            raise ServiceTrouble("the table is away")
        return read(name)

    monkeypatch.setattr(world.dispatcher.collaborators.projects, "get", away)
    world.now = DUE
    world.dispatcher.reap()
    assert len(world.deliveries.take()) == 1
    monkeypatch.undo()
    assert len(pass_at(world, DUE + timedelta(minutes=1))) == 1
    assert len(scheduled(world)) == 1
