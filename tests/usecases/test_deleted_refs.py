"""A branch or tag that is gone: what is built of it ends, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.build import BuildState
from tests.fakes.github_server import FakePullRequest
from tests.fakes.github_server.payloads import NOWHERE, pull_request, push
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from tests.usecases.repository_world import FILE, pushed, state


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def deleted(world: BuildWorld, ref: str) -> list[str]:
    world.wait(1)
    assert world.deliver("push", push(world.repository, NOWHERE, ref=ref)).status == 202
    return world.build_all()


@pytest.mark.parametrize("ref", ["refs/heads/topic", "refs/tags/v1"])
def test_what_is_built_of_a_deleted_ref_ends_and_all_else_goes_on(
    world: BuildWorld, ref: str
) -> None:
    gone = pushed(world, ref)
    # The same name as the other kind, the same commit; another branch.
    other = pushed(world, ref.replace("heads", "x").replace("tags", "heads").replace("x", "tags"))
    main = pushed(world, "refs/heads/main", "b" * 40)
    world.dispatcher.launch(gone.jobs["a"].job_id or "")
    assert deleted(world, ref) == ["1 build was cancelled"]
    # The job that runs is asked to end; nothing waits any more.
    ended = world.dispatcher.build(gone.id)
    assert ended.cancelled
    assert "was deleted" in ended.detail
    assert world.get(gone.jobs["a"].job_id or "").cancel_requested_at is not None
    assert ended.jobs["b"].job_id is None
    assert [state(world, each) for each in (other, main)] == [BuildState.PENDING] * 2


def test_a_branch_that_is_pushed_again_after_it_was_deleted_goes_on(world: BuildWorld) -> None:
    world.commit(FILE)
    world.deliver("push", push(world.repository, NOWHERE, ref="refs/heads/topic"))
    [delivery] = world.deliveries.take()
    later = pushed(world, "refs/heads/topic")
    world.dispatcher.take_delivery(delivery)
    assert state(world, later) is BuildState.PENDING


def test_a_commit_that_another_branch_has_too_goes_on(world: BuildWorld) -> None:
    """As after a fast-forward: both tell under the same names."""
    topic = pushed(world, "refs/heads/topic")
    main = pushed(world, "refs/heads/main")
    assert deleted(world, "refs/heads/topic") == ["0 builds were cancelled"]
    assert [state(world, each) for each in (topic, main)] == [BuildState.PENDING] * 2


@pytest.mark.parametrize(
    ("head", "base", "fork", "ends"),
    [
        ("topic", "main", False, True),
        ("topic", "main", True, False),
        ("work", "topic", False, False),
    ],
    ids=["its head", "a fork's branch of that name", "its base"],
)
def test_of_pull_requests_those_end_whose_head_was_deleted(
    world: BuildWorld, head: str, base: str, fork: bool, ends: bool
) -> None:
    world.commit(FILE)
    name = "stranger/web" if fork else world.repository.name
    pull = FakePullRequest(7, SHA, head, "b" * 40, base, name, mergeable=False)
    world.repository.pull_requests[7] = pull
    taken = world.deliver("pull_request", pull_request(world.repository, pull))
    world.build_all()
    deleted(world, "refs/heads/topic")
    assert world.dispatcher.build(taken.build_id).cancelled is ends
