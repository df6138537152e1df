"""Projects in the table: kept with their limit, changed by one at a time, known for seconds."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.aws.project_slots import SlotTable
from chalicelib.aws.projects import CACHE_S, ProjectTable
from chalicelib.domain.project import ForkPolicy, Project
from chalicelib.project_port import ProjectChanged
from tests.aws.world import NOW, World


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def project(name: str = "acme/web", **fields: Any) -> Project:
    return Project(**{"name": name, "created_at": NOW, "updated_at": NOW, **fields})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def projects(world: World, clock: Clock) -> ProjectTable:
    made = ProjectTable(world.clients, world.table, monotonic=clock)
    world.count()
    return made


def test_a_project_comes_back_as_it_was_stored_in_any_case(projects: ProjectTable) -> None:
    full = project(
        image="debian:12",
        cpu=0.5,
        memory_mib=1024,
        max_cpu=2,
        max_memory_mib=4096,
        max_jobs=3,
        forks=ForkPolicy.NEVER,
        enabled=False,
        repository_id=7,
        installation_id=8,
        token_secret="TOKEN",
    )
    for wanted in (full, project("default")):
        projects.put(wanted, replaces=None)
        assert projects.get(wanted.name.upper()) == wanted
        assert projects.find(wanted.name.upper()) == wanted
    assert projects.get("other") is None
    assert [found.name for found in projects.all()] == ["acme/web", "default"]


def test_only_the_version_that_was_read_is_replaced(projects: ProjectTable) -> None:
    projects.put(project(), replaces=None)
    with pytest.raises(ProjectChanged):
        projects.put(project(cpu=2), replaces=None)
    projects.put(project(cpu=2, version=2), replaces=1)
    with pytest.raises(ProjectChanged):
        projects.put(project(cpu=4, version=2), replaces=1)
    found = projects.get("acme/web")
    assert found is not None
    assert (found.cpu, found.version) == (2, 2)


def test_a_project_is_forgotten_once(projects: ProjectTable) -> None:
    projects.put(project(), replaces=None)
    assert projects.remove("Acme/Web")
    assert not projects.remove("acme/web")
    assert projects.find("acme/web") is None
    projects.put(project(), replaces=None)
    assert projects.find("acme/web") is not None


def test_what_was_found_or_not_found_is_known_for_seconds(
    world: World, projects: ProjectTable, clock: Clock
) -> None:
    for _ in range(3):
        assert projects.find("acme/web") is None
    assert world.count() == {"GetItem": 1}
    ProjectTable(world.clients, world.table).put(project(), replaces=None)
    assert projects.find("acme/web") is None
    clock.now += CACHE_S
    assert projects.find("acme/web") is not None


def test_a_repositorys_project_is_known_by_its_number_for_seconds(
    world: World, projects: ProjectTable, clock: Clock
) -> None:
    other = ProjectTable(world.clients, world.table)
    other.put(project(repository_id=7), replaces=None)
    other.put(project("plain"), replaces=None)
    world.count()
    for _ in range(3):
        assert projects.of_repository(7) == project(repository_id=7)
        assert projects.of_repository(8) is None
    assert world.count() == {"Query": 1, "GetItem": 1}
    other.put(project(repository_id=8, version=2), replaces=1)
    clock.now += CACHE_S
    assert projects.of_repository(7) is None
    assert projects.of_repository(8) is not None
    projects.put(project(repository_id=9, version=3), replaces=2)
    assert projects.of_repository(9) is not None


def test_the_limit_is_beside_the_slots_from_the_same_write_on(
    world: World, projects: ProjectTable
) -> None:
    slots = SlotTable(world.clients, world.table)
    projects.put(project(max_jobs=3), replaces=None)
    assert slots.read("acme/web").limit == 3
    projects.put(project(version=2, max_jobs=5), replaces=1)
    assert slots.read("Acme/Web").limit == 5
    projects.put(project(version=3), replaces=2)
    assert slots.read("acme/web").limit is None
    projects.put(project(version=4, max_jobs=1), replaces=3)
    projects.remove("acme/web")
    assert slots.read("acme/web").limit is None
