"""Repositories that move, rest or go: their projects keep up, or are disabled and say why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.build import BuildState
from chalicelib.domain.project_trouble import TroubleKind, trouble_words
from chalicelib.github.events import Repository
from chalicelib.usecases.errors import UnknownProject
from chalicelib.usecases.known_repository import keep_up
from tests.fakes.github_server.payloads import check_run, common, push
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from tests.usecases.repository_world import FILE, PROJECT, project, pushed, renamed, state


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def changed(world: BuildWorld, action: str, **changes: Any) -> list[str]:
    """A ``repository`` event; GitHub answers by it from then on."""
    world.wait(1)
    payload = {**common(world.repository), "action": action, "changes": changes}
    assert world.deliver("repository", {**payload, "sent": str(world.now)}).status == 202
    return world.build_all()


def test_a_renamed_repository_keeps_its_project_and_builds_go_on(world: BuildWorld) -> None:
    build = pushed(world, "refs/heads/main")
    renamed(world, "Octo/Site")
    assert changed(world, "renamed") == ["the repository is Octo/Site now"]
    assert (project(world).repository, project(world).enabled) == ("Octo/Site", True)
    world.tell(build)
    assert world.told()["towline/a"] == "pending"
    again = pushed(world, "refs/heads/main", "b" * 40)
    assert (again.project, again.repository_name) == (PROJECT, "Octo/Site")
    world.finish(again, "a")
    world.tell(again)
    assert world.told("b" * 40)["towline/a"] == "success"
    renamed(world, "Octo/Web")
    changed(world, "renamed")
    assert project(world).repository is None


def test_a_project_that_was_switched_off_is_renamed_and_what_runs_goes_on(
    world: BuildWorld,
) -> None:
    build = pushed(world, "refs/heads/main")
    world.dispatcher.put_project(PROJECT, {"enabled": False})
    renamed(world, "Octo/Site")
    assert changed(world, "renamed") == ["the project is disabled"]
    found = project(world)
    assert (found.repository, found.enabled, found.trouble) == ("Octo/Site", False, None)
    assert state(world, build) is BuildState.PENDING


def test_repositories_that_change_names_with_each_other_are_known_by_number(
    world: BuildWorld,
) -> None:
    pushed(world, "refs/heads/main")
    other = world.new_repository("Octo/Api")
    world.dispatcher.put_project("octo/api", {"repository_id": other.id})
    names = world.github.world.repositories
    world.repository.name, other.name = "Octo/Api", "Octo/Web"
    names["octo/api"], names["octo/web"] = world.repository, other
    world.use_builds()
    assert pushed(world, "refs/heads/main", "b" * 40).project == PROJECT
    assert project(world).repository == "Octo/Api"


def test_what_is_told_of_a_removed_project_does_not_register_it_again(world: BuildWorld) -> None:
    pushed(world, "refs/heads/main")
    kept = project(world)
    repository = Repository(id=world.repository.id, name="Octo/Site")
    co = world.dispatcher.collaborators
    world.dispatcher.remove_project(PROJECT)
    with pytest.raises(UnknownProject):
        keep_up(co, kept, repository, None)
    assert co.projects.get(PROJECT) is None


def test_a_rename_that_nobody_told_of_is_seen_by_the_repositorys_number(
    world: BuildWorld,
) -> None:
    pushed(world, "refs/heads/main")
    renamed(world, "Octo/Site")
    build = pushed(world, "refs/heads/main", "b" * 40)
    assert build.project == PROJECT
    assert project(world).repository == "Octo/Site"


def test_a_project_under_a_plain_name_is_found_by_its_repositorys_number(
    world: BuildWorld,
) -> None:
    world.dispatcher.remove_project(PROJECT)
    world.use_builds()
    world.dispatcher.put_project("plain", {"repository_id": world.repository.id})
    build = pushed(world, "refs/heads/main")
    found = world.dispatcher.project("plain")
    assert (build.project, found.enabled, found.repository) == ("plain", True, "Octo/Web")


def test_another_number_is_another_repository_whose_name_will_be_told(world: BuildWorld) -> None:
    pushed(world, "refs/heads/main")
    renamed(world, "Octo/Site")
    changed(world, "renamed")
    other = world.github.world.repository("Octo/Web")
    world.github.world.renamed.clear()
    world.dispatcher.put_project(PROJECT, {"enabled": True})
    assert world.build_all() == ["the repository has no commits yet"]
    assert project(world).repository_id == world.repository.id
    world.dispatcher.put_project(PROJECT, {"repository_id": other.id})
    world.build_all()
    found = project(world)
    assert (found.repository_id, found.repository) == (other.id, None)
    world.dispatcher.put_project(PROJECT, {"repository_id": world.repository.id})
    assert "not the repository that was registered" in world.build_all()[0]


def test_another_repository_under_the_old_name_runs_nothing(world: BuildWorld) -> None:
    pushed(world, "refs/heads/main")
    world.use_builds()
    other = world.github.world.repository("Octo/Web")
    other.commits = dict(world.repository.commits)
    taken = world.deliver("push", push(other, SHA))
    assert taken.status == 204
    assert "not the repository that was registered" in taken.what


def test_a_project_that_was_given_another_repository_meanwhile_builds_nothing(
    world: BuildWorld,
) -> None:
    world.commit(FILE)
    world.deliver("push", push(world.repository, SHA))
    world.dispatcher.put_project(PROJECT, {"repository_id": world.repository.id + 1})
    assert "not the repository that was registered" in world.build_all()[0]
    assert world.dispatcher.builds(PROJECT).builds == ()


@pytest.mark.parametrize("told", [True, False], ids=["by its event", "by a push"])
def test_a_transferred_repository_runs_nothing_until_that_was_wanted(
    world: BuildWorld, told: bool
) -> None:
    build = pushed(world, "refs/heads/main")
    renamed(world, "Evil/Web")
    if told:
        changed(world, "transferred")
        assert state(world, build) is BuildState.CANCELLED
    else:
        world.commit(FILE, sha="c" * 40)
        world.deliver("push", push(world.repository, "c" * 40))
        assert world.build_all() == ["no build: this project is disabled"]
    found = project(world)
    assert (found.enabled, found.repository) == (False, "Evil/Web")
    assert found.trouble is not None
    assert found.trouble.kind is TroubleKind.TRANSFERRED
    words = trouble_words(found.trouble, found.name)
    assert "to Evil/Web" in words
    assert "towline project set octo/web --enable" in words
    world.use_builds()
    taken = world.deliver("push", push(world.repository, SHA))
    assert (taken.status, words in taken.what) == (204, True)
    world.dispatcher.put_project(PROJECT, {"enabled": True})
    assert project(world).trouble is None
    world.use_builds()
    assert pushed(world, "refs/heads/main", "d" * 40).repository_name == "Evil/Web"


def test_a_button_of_a_transferred_repository_runs_nothing(world: BuildWorld) -> None:
    build = pushed(world, "refs/heads/main")
    world.dispatcher.cancel_build(build.id, who="somebody")
    renamed(world, "Evil/Web")
    run = {"id": 5, "name": "towline", "head_sha": SHA, "external_id": build.id}
    assert world.deliver("check_run", check_run(world.repository, run)).status == 202
    assert world.build_all() == ["the project is disabled"]
    assert len(world.dispatcher.builds(PROJECT).builds) == 1


def test_a_deleted_repositorys_project_is_disabled_and_its_builds_end(world: BuildWorld) -> None:
    build = pushed(world, "refs/heads/main")
    assert changed(world, "deleted") == ["the project is disabled"]
    assert state(world, build) is BuildState.CANCELLED
    found = project(world)
    assert found.trouble is not None
    assert (found.enabled, found.trouble.kind) == (False, TroubleKind.DELETED)
    # One that was made afresh under the name is another one.
    world.github.world.repositories.clear()
    world.repository = world.github.world.repository("Octo/Web")
    world.dispatcher.put_project(PROJECT, {"repository_id": None, "enabled": True})
    world.build_all()
    world.use_builds()
    assert pushed(world, "refs/heads/main").state is BuildState.PENDING
    assert project(world).repository_id == world.repository.id


def test_an_archived_repository_rests_until_it_is_unarchived(world: BuildWorld) -> None:
    changed(world, "archived")
    assert not project(world).enabled
    assert changed(world, "unarchived") == ["the project is enabled again"]
    found = project(world)
    assert (found.enabled, found.trouble) == (True, None)
    # Not what the operator had switched off.
    world.dispatcher.put_project(PROJECT, {"enabled": False})
    changed(world, "archived")
    assert project(world).trouble is None
    changed(world, "unarchived")
    assert not project(world).enabled


def test_another_default_branch_brings_its_own_schedules(world: BuildWorld) -> None:
    world.commit(f"{FILE}schedule:\n  weekly: {{cron: '@weekly'}}\n")
    world.repository.commits["heads/trunk"] = world.repository.commits[SHA]
    world.repository.default_branch = "trunk"
    assert changed(world, "edited", default_branch={"from": "main"}) == ["1 schedule"]
    timetable = world.dispatcher.timetable(PROJECT)
    assert timetable is not None
    assert [entry.name for entry in timetable.entries] == ["weekly"]


@pytest.mark.parametrize("action", ["edited", "publicized", "created"])
def test_other_changes_of_a_repository_make_no_work(world: BuildWorld, action: str) -> None:
    payload = {**common(world.repository), "action": action, "changes": {"topics": {}}}
    assert world.deliver("repository", payload).status == 204
