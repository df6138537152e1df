"""What GitHub is told survives outages and crashes, and never goes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.build import BuildState
from chalicelib.ports import JobFilter
from chalicelib.usecases.notify import LEASE
from chalicelib.usecases.reap_builds import reap_builds
from tests.fakes.github_server import Fault, bad_gateway, secondary_limit
from tests.fakes.github_server.payloads import check_run, common, push
from tests.github.conftest import APP_ID, make_keys
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from tests.usecases.world import Crash

TWO = "jobs:\n  a:\n    script: x\n  b:\n    needs: a\n    script: y\n"
ONE = "jobs:\n  a:\n    script: x\n"
WORDS = {"pending": 0, "success": 1, "failure": 1, "error": 1}
KEYS = make_keys()


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def as_app(world: BuildWorld) -> None:
    """The App is installed at the repository, so check runs are made."""
    world.github.world.app = (APP_ID, KEYS.public)
    world.repository.installation = 7
    world.parameters.put("app-id", APP_ID)
    world.parameters.put("app-key", KEYS.private)
    world.dispatcher.put_project("octo/web", {"installation_id": 7})
    world.use_builds()


def assert_never_back(statuses: list[dict[str, Any]]) -> None:
    last: dict[str, int] = {}
    for status in statuses:
        rank = WORDS[status["state"]]
        assert rank >= last.get(status["context"], 0), status
        last[status["context"]] = rank


def test_nothing_is_told_twice_when_nothing_has_changed(world: BuildWorld) -> None:
    build = world.push(TWO)
    for _ in range(3):
        world.tell(build)
    assert len(world.repository.statuses) == 3


def test_an_outage_of_github_holds_up_no_job_and_the_end_is_told_after_it(
    world: BuildWorld,
) -> None:
    build = world.push(TWO)
    world.github.faults.append(secondary_limit(600))
    world.tell(build)
    world.finish(build, "a")
    build = world.tell(build)
    assert build.jobs["b"].job_id is not None
    world.finish(build, "b")
    assert world.tell(build).state is BuildState.PASSED
    assert world.told() == {}
    world.wait(601)
    world.dispatcher.reap()
    for notice in world.notices.take():
        world.dispatcher.notify(notice)
    assert set(world.told().values()) == {"success"}
    world.wait(7200)
    world.dispatcher.reap()
    assert not world.notices.take()


def test_a_teller_that_is_slower_than_another_tells_nothing_older(world: BuildWorld) -> None:
    build = world.push(ONE)
    world.finish(build, "a")
    slow = world.side.store.sent(build.id)
    # Somebody is telling, and has not come to an end.
    busy = world.side.store.put_sent(
        build.id, slow.model_copy(update={"lease_until": world.now + LEASE})
    )
    world.tell(build)
    assert world.told() == {}
    # It died. What it may have told is told again, as it is now.
    world.wait(LEASE.total_seconds() + 1)
    world.dispatcher.reap()
    assert world.notices.take() == [build.id]
    world.tell(build)
    assert world.told() == {"towline": "success", "towline/a": "success"}
    assert world.sent(build).revision > busy.revision


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_check_run_is_made_once_though_its_answer_is_lost(world: BuildWorld, lost: str) -> None:
    as_app(world)
    build = world.push(ONE)
    world.github.faults.append(
        Fault(method="POST", path="/check-runs", drop=True, after=lost == "answer")
    )
    world.tell(build)
    world.wait(120)
    world.dispatcher.reap()
    for notice in world.notices.take():
        world.dispatcher.notify(notice)
    world.finish(build, "a")
    world.tell(build)
    runs = world.repository.check_runs.values()
    assert sorted(run["name"] for run in runs) == ["towline", "towline/a"]
    assert {run["conclusion"] for run in runs} == {"success"}


def test_githubs_button_runs_a_job_again_once_and_its_verdict_is_told(world: BuildWorld) -> None:
    as_app(world)
    build = world.push(TWO)
    world.finish(build, "a", code=1)
    build = world.tell(build)
    run = next(r for r in world.repository.check_runs.values() if r["name"] == "towline/a")
    taken = [world.deliver("check_run", check_run(world.repository, run)) for _ in range(2)]
    assert len({each.build_id for each in taken}) == 1
    world.build_all()
    again = world.dispatcher.build(taken[0].build_id)
    assert again.rerun_of == build.id
    world.finish(again, "a")
    again = world.tell(again)
    world.finish(again, "b")
    assert world.tell(again).state is BuildState.PASSED
    newest = {r["name"]: r["conclusion"] for r in world.repository.check_runs.values()}
    assert newest == {"towline": "success", "towline/a": "success", "towline/b": "success"}


@pytest.mark.parametrize("permission", ["write", "admin", "read", None])
def test_only_who_may_push_has_anything_run_again(
    world: BuildWorld, permission: str | None
) -> None:
    """GitHub's API lets whoever reads a public repository ask for it."""
    as_app(world)
    build = world.push(ONE)
    world.finish(build, "a", code=1)
    world.tell(build)
    who = {} if permission is None else {"octocat": permission}
    world.repository.permissions = who
    run = next(r for r in world.repository.check_runs.values() if r["name"] == "towline/a")
    for event in (
        check_run(world.repository, run),
        check_run(world.repository, run, "requested_action", "rerun_failed"),
    ):
        taken = world.deliver("check_run", event)
        [done] = world.build_all()
        if permission in ("write", "admin"):
            assert done == f"build {taken.build_id}"
        else:
            assert done == "octocat asked for it, who may not push to the repository"
            assert len(world.dispatcher.builds("octo/web").builds) == 1


@pytest.mark.parametrize(("app_id", "reruns"), [(int(APP_ID), True), (15368, False)])
def test_a_whole_suite_is_run_again_if_it_is_ours(
    world: BuildWorld, app_id: int, reruns: bool
) -> None:
    as_app(world)
    build = world.push(ONE)
    world.finish(build, "a")
    world.tell(build)
    suite = {"id": 5, "head_sha": SHA, "head_branch": "main", "app": {"id": app_id}}
    event = {**common(world.repository), "action": "rerequested", "check_suite": suite}
    taken = world.deliver("check_suite", event)
    [done] = world.build_all()
    expected = f"build {taken.build_id}" if reruns else "no build of this commit is known"
    assert done == expected


def test_notices_out_of_order_and_twice_end_the_same(world: BuildWorld) -> None:
    build = world.push(TWO)
    job = build.jobs["a"].job_id
    world.finish(build, "a")
    for notice in (build.id, f"{build.id} {job}", f"{build.id} nothing", build.id):
        world.dispatcher.notify(notice)
    world.finish(build, "b")
    for notice in (f"{build.id} {job}", build.id, f"{build.id} {job}"):
        world.dispatcher.notify(notice)
    assert set(world.told().values()) == {"success"}
    assert_never_back(world.repository.statuses)


def crashing(world: BuildWorld, at: int, *, after: bool) -> Any:
    """Die at the ``at``-th request to AWS, before or after it was carried out."""
    left = [at]

    def die(**_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Crash

    when = "after-call" if after else "before-call"
    clients = (world.clients.dynamodb(), world.clients.s3())
    for client in clients:
        client.meta.events.register(when, die, "crash")

    def stop() -> bool:
        for client in clients:
            client.meta.events.unregister(when, unique_id="crash")
        return left[0] > 0

    return stop


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_wherever_it_dies_the_build_ends_with_each_job_once(world: BuildWorld, after: bool) -> None:
    """From the delivery to the last status, at each request to AWS in turn."""
    world.commit(TWO)
    for at in range(1, 200):
        world.repository.statuses.clear()
        payload = push(world.repository, SHA, ref=f"refs/heads/b{at}")
        taken = world.deliver("push", payload)
        [delivery_id] = world.deliveries.take()
        stop = crashing(world, at, after=after)
        try:
            world.dispatcher.take_delivery(delivery_id)
            world.dispatcher.notify(taken.build_id)
        except Crash:
            pass
        finally:
            whole = stop()
        world.use_builds()
        for name in ("a", "b"):
            settle(world)
            world.finish(world.dispatcher.build(taken.build_id), name)
        settle(world)
        build = world.dispatcher.build(taken.build_id)
        assert build.state is BuildState.PASSED
        assert set(world.told().values()) == {"success"}
        assert_never_back(world.repository.statuses)
        newest = world.dispatcher.list(JobFilter(limit=50)).jobs
        jobs = {job.id for job in newest if job.build == build.id}
        assert {entry.job_id for entry in build.jobs.values()} == jobs
        if whole:
            assert at > 10
            return
    raise AssertionError("it never came to its end")


def settle(world: BuildWorld) -> None:
    """Time passes, and the messages of the reaper's part for builds are worked on."""
    for _ in range(2):
        world.wait(LEASE.total_seconds() + 60)
        reap_builds(world.dispatcher.collaborators)
        world.build_all()
        for notice in world.notices.take():
            world.dispatcher.notify(notice)


def test_a_page_instead_of_an_answer_is_waited_out(world: BuildWorld) -> None:
    build = world.push(ONE)
    world.github.faults.append(bad_gateway(path="/statuses", times=20))
    world.tell(build)
    assert world.told() == {}
    world.github.faults.clear()
    settle(world)
    assert world.told() == {"towline": "pending", "towline/a": "pending"}
