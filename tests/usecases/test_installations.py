"""The App is installed, suspended, taken away: projects learn it, and say what they lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.aws.projects import ProjectTable
from chalicelib.domain.project_trouble import TroubleKind, trouble_words
from tests.fakes.github_server.payloads import common
from tests.github.conftest import APP_ID
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from tests.usecases.repository_world import FILE, PROJECT, project, pushed, renamed
from tests.usecases.test_notices import KEYS
from tests.usecases.world import SETTINGS


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


@pytest.fixture
def installed(world: BuildWorld) -> BuildWorld:
    """The App sees the repository, and no token of the service does."""
    world.github.world.app = (APP_ID, KEYS.public)
    world.repository.installation = 7
    world.parameters.put("app-id", APP_ID)
    world.parameters.put("app-key", KEYS.private)
    world.use_builds()
    return world


def of_the_app(world: BuildWorld, action: str, **listed: bool) -> list[str]:
    """``listed``: in which lists of the event the repository is."""
    world.wait(1)
    named = {"id": world.repository.id, "full_name": world.repository.name, "private": True}
    event = "installation_repositories" if action in ("added", "removed") else "installation"
    payload = {
        "action": action,
        "installation": {"id": 7, "account": {"login": "Octo"}},
        "sender": {"login": "mallory"},
        # GitHub's have times in many places, so that none is like another.
        "sent": str(world.now),
        **{name: [named] if there else [] for name, there in listed.items()},
    }
    assert world.deliver(event, payload).status == 202
    return world.build_all()


def test_whoever_registers_after_the_installation_has_it_found(installed: BuildWorld) -> None:
    world = installed
    world.commit(FILE)
    world.dispatcher.put_project(PROJECT, {"repository_id": None})
    world.build_all()
    found = project(world)
    assert (found.installation_id, found.repository_id) == (7, world.repository.id)


@pytest.mark.parametrize(
    ("action", "listed", "kind", "back", "listed_then"),
    [
        ("deleted", "repositories", TroubleKind.APP_REMOVED, "created", "repositories"),
        ("suspend", "", TroubleKind.APP_SUSPENDED, "unsuspend", ""),
        ("removed", "repositories_removed", TroubleKind.APP_LOST, "added", "repositories_added"),
    ],
    ids=["removed", "suspended", "taken from the list"],
)
def test_a_project_that_lost_the_app_says_so_until_it_is_back(
    installed: BuildWorld, action: str, listed: str, kind: TroubleKind, back: str, listed_then: str
) -> None:
    world = installed
    of_the_app(world, "created", repositories=True)
    of_the_app(world, action, **({listed: True} if listed else {}))
    found = project(world)
    assert found.trouble is not None
    assert (found.installation_id, found.trouble.kind, found.enabled) == (None, kind, True)
    assert "by mallory on 2026-01-02" in trouble_words(found.trouble, found.name)
    of_the_app(world, back, **({listed_then: True} if listed_then else {}))
    found = project(world)
    assert (found.installation_id, found.trouble) == (7, None)


def test_a_delivery_by_the_app_shows_that_it_is_back(installed: BuildWorld) -> None:
    world = installed
    of_the_app(world, "created", repositories=True)
    of_the_app(world, "suspend")
    assert project(world).trouble is not None
    # The repository's own webhook shows nothing of the App.
    world.repository.installation = None
    pushed(world, "refs/heads/main")
    assert project(world).trouble is not None
    world.repository.installation = 7
    pushed(world, "refs/heads/main", "b" * 40)
    assert (project(world).trouble, project(world).installation_id) == (None, 7)


def test_a_token_of_the_projects_own_ends_the_trouble_with_the_app(installed: BuildWorld) -> None:
    world = installed
    of_the_app(world, "created", repositories=True)
    of_the_app(world, "deleted", repositories=True)
    world.repository.installation = None
    assert project(world).trouble is not None
    world.dispatcher.put_secret(PROJECT, "TOKEN", world.github.world.personal_token())
    world.dispatcher.put_project(PROJECT, {"token_secret": "TOKEN"})
    world.build_all()
    assert project(world).trouble is None


@pytest.mark.parametrize(
    ("action", "listed"),
    [("added", "repositories_added"), ("removed", "repositories_removed")],
)
def test_a_project_that_is_removed_meanwhile_is_not_registered_again_by_the_app(
    installed: BuildWorld, action: str, listed: str
) -> None:
    world = installed
    if action == "removed":
        of_the_app(world, "created", repositories=True)
    co = world.dispatcher.collaborators
    # As another function removes it: this one still knows it.
    assert co.projects.find(PROJECT) is not None
    ProjectTable(world.clients, SETTINGS.table).remove(PROJECT)
    assert of_the_app(world, action, **{listed: True}) == ["0 projects changed"]
    assert co.projects.get(PROJECT) is None


def test_another_repository_under_the_old_name_takes_no_app_away(installed: BuildWorld) -> None:
    world = installed
    of_the_app(world, "created", repositories=True)
    other = world.github.world.repository("Octo/Web")
    world.repository = other
    of_the_app(world, "removed", repositories_removed=True)
    found = project(world)
    assert (found.installation_id, found.trouble) == (7, None)


def test_what_the_app_is_given_is_asked_for_its_schedules_within_the_minute(
    installed: BuildWorld,
) -> None:
    world = installed
    world.commit(f"{FILE}schedule:\n  weekly: {{cron: '@weekly'}}\n")
    world.repository.commits["heads/main"] = world.repository.commits[SHA]
    of_the_app(world, "created", repositories=True)
    assert world.dispatcher.timetable(PROJECT) is None
    world.dispatcher.reap()
    assert world.build_all() == ["1 schedule"]


def test_a_transferred_repository_does_not_come_back_by_an_installation(
    installed: BuildWorld,
) -> None:
    world = installed
    pushed(world, "refs/heads/main")
    renamed(world, "Evil/Web")
    of_the_app(world, "created", repositories=True)
    found = project(world)
    assert found.trouble is not None
    assert (found.enabled, found.trouble.kind) == (False, TroubleKind.TRANSFERRED)


def test_what_disabled_the_project_is_not_hidden_by_what_came_later(
    installed: BuildWorld,
) -> None:
    world = installed
    of_the_app(world, "created", repositories=True)
    payload = {**common(world.repository), "action": "deleted"}
    world.deliver("repository", payload)
    world.build_all()
    of_the_app(world, "deleted", repositories=True)
    found = project(world)
    assert found.trouble is not None
    assert (found.installation_id, found.trouble.kind) == (None, TroubleKind.DELETED)
