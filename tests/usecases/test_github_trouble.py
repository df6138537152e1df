"""GitHub's refusals as figures, and what becomes of the builds that they were about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.github_server import Fault
from tests.fakes.github_server.payloads import push
from tests.usecases.build_world import SHA, BuildWorld, new_build_world

FILE = "jobs:\n  a:\n    script: x\n"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def test_what_github_refuses_is_counted_by_who_can_mend_it(world: BuildWorld) -> None:
    """And a build that could not be told is told once there is a key that works."""
    build = world.push(FILE)
    world.dispatcher.put_github_key("token", "ghp_gone")
    world.tell(build)
    assert world.figures.counts["GitHubRefused credentials"] == 1
    assert world.told(SHA) == {}
    world.wait(601)
    world.tell(build)
    assert world.figures.counts["NoticesPutOff"] == 2
    assert "NoticesLate" not in world.figures.counts
    world.wait(601)
    world.tell(build)
    assert world.figures.counts["NoticesLate"] == 1
    world.dispatcher.put_github_key("token", world.github.world.personal_token())
    world.wait(601)
    world.tell(build)
    assert world.told(SHA) == {"towline": "pending", "towline/a": "pending"}
    assert world.sent(build).behind_since is None


def test_a_projects_own_token_is_its_owners_to_mend_and_pages_nobody(world: BuildWorld) -> None:
    build = world.push(FILE)
    world.dispatcher.put_project("octo/web", {"token_secret": "OWN"})
    world.dispatcher.put_secret("octo/web", "OWN", "ghp_none")
    for _ in range(4):
        world.tell(build)
        world.wait(601)
    assert world.figures.counts["GitHubRefused project"] == 4
    assert not {"GitHubRefused credentials", "NoticesLate"} & set(world.figures.counts)
    world.dispatcher.put_secret("octo/web", "OWN", world.github.world.personal_token())
    world.tell(build)
    assert world.told(SHA) == {"towline": "pending", "towline/a": "pending"}


def test_after_a_day_without_a_key_a_build_is_no_longer_told(world: BuildWorld) -> None:
    build = world.push(FILE)
    world.dispatcher.put_github_key("token", "ghp_gone")
    world.tell(build)
    world.wait(86_400)
    world.tell(build)
    assert world.sent(build).version == world.dispatcher.build(build.id).version


def test_deliveries_that_are_put_off_and_refused_are_counted(world: BuildWorld) -> None:
    world.commit(FILE)
    world.github.faults.append(Fault(status=503, headers={"Retry-After": "600"}))
    world.deliver("push", push(world.repository, SHA))
    assert world.build_all() == ["put off"]
    assert world.figures.counts["DeliveriesPutOff"] == 1
