"""Timetables in the table: written over what was read alone, and found when they are due."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.aws.project_slots import SlotTable
from chalicelib.aws.timetables import TimetableTable
from chalicelib.domain.timetable import Timetable, TimetableEntry
from tests.aws.world import NOW, World

SOON = NOW + timedelta(minutes=7)


def timetable(*, version: int = 1, entries: int = 1, project: str = "acme/web") -> Timetable:
    made = (TimetableEntry(name=f"s{n}", cron="@daily", next_at=SOON) for n in range(entries))
    return Timetable(project=project, version=version, as_of=NOW, entries=tuple(made))


def test_it_comes_back_as_it_was_and_only_the_version_read_is_replaced(world: World) -> None:
    store = TimetableTable(world.clients, world.table)
    assert store.get("acme/web") is None
    assert store.put(timetable())
    assert not store.put(timetable())
    assert store.put(timetable(version=2, entries=2))
    assert not store.put(timetable(version=2))
    assert store.get("acme/web") == timetable(version=2, entries=2)


def test_it_is_due_while_it_has_a_schedule_and_is_not_forgotten(world: World) -> None:
    store = TimetableTable(world.clients, world.table)
    store.put(timetable())
    store.put(timetable(project="acme/other", entries=0))
    assert store.due(SOON - timedelta(seconds=1), 10) == []
    assert store.due(SOON, 10) == ["acme/web"]
    store.put(timetable(version=2, entries=0))
    assert store.due(SOON, 10) == []
    store.put(timetable(version=3))
    store.remove("acme/web")
    assert store.due(SOON, 10) == []
    store.remove("acme/web")


def test_it_does_not_stand_in_the_line_of_the_projects_jobs(world: World) -> None:
    TimetableTable(world.clients, world.table).put(timetable())
    assert SlotTable(world.clients, world.table).waiting("acme/web", limit=10) == []
