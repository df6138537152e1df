"""Schedules start builds of their branch: one for each due time, none while nobody wants them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.build import BuildState
from chalicelib.usecases.dispatcher import Dispatcher
from tests.fakes.github_server.payloads import push
from tests.usecases.build_world import SHA, BuildWorld
from tests.usecases.schedule_world import (
    DUE,
    FILE,
    JOB,
    PROJECT,
    at_head,
    entries,
    learn,
    new_schedule_world,
    pass_at,
    scheduled,
)


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_schedule_world() as made:
        yield made


def test_the_default_branchs_file_says_when_and_the_build_is_told_like_others(
    world: BuildWorld,
) -> None:
    learn(world)
    [entry] = entries(world)
    assert (entry.name, entry.next_at, entry.last_at) == ("nightly", DUE, None)
    assert pass_at(world, DUE - timedelta(seconds=1)) == []
    [said] = pass_at(world, DUE)
    [build] = scheduled(world)
    assert said == f"build {build.id}"
    assert (build.schedule, build.branch, build.sha) == ("nightly", "main", SHA)
    assert (build.line, build.repository_name) == ("schedule/nightly", "Octo/Web")
    [entry] = entries(world)
    assert (entry.next_at, entry.last_at) == (DUE + timedelta(days=1), DUE)
    assert entry.said == said
    world.finish(build, "a")
    world.tell(build)
    told = {name: state for name, state in world.told().items() if "schedule" in name}
    assert told == {"towline-schedule/nightly": "success", "towline-schedule/nightly/a": "success"}
    job = world.get(build.jobs["a"].job_id or "")
    assert job.project == PROJECT


def test_the_job_knows_which_schedule_it_is_for(world: BuildWorld) -> None:
    learn(world)
    pass_at(world, DUE)
    [build] = scheduled(world)
    job_id = build.jobs["a"].job_id or ""
    world.dispatcher.launch(job_id)
    env = world.claim(world.get(job_id))["work"]["env"]
    assert (env["TOWLINE_EVENT"], env["TOWLINE_SCHEDULE"]) == ("schedule", "nightly")
    assert env["TOWLINE_BRANCH"] == "main"


def test_a_project_that_is_added_is_asked_for_its_schedules_at_once(world: BuildWorld) -> None:
    world.dispatcher.remove_project(PROJECT)
    assert entries(world) == []
    world.wait(1)
    world.dispatcher.put_project(PROJECT, {})
    assert world.build_all() == ["1 schedule"]
    assert [entry.next_at for entry in entries(world)] == [DUE]
    assert world.dispatcher.project(PROJECT).repository_id == world.repository.id


def test_a_push_elsewhere_changes_no_schedule_and_a_wrong_file_keeps_them(
    world: BuildWorld,
) -> None:
    learn(world)
    before = world.dispatcher.timetable(PROJECT)
    world.commit(JOB, sha="b" * 40)
    world.deliver("push", push(world.repository, "b" * 40, ref="refs/heads/other"))
    world.commit("jobs: [", sha="c" * 40)
    world.deliver("push", push(world.repository, "c" * 40))
    world.build_all()
    assert world.dispatcher.timetable(PROJECT) == before
    at_head(world, "jobs: [", sha="c" * 40)
    world.dispatcher.put_project(PROJECT, {"enabled": True})
    assert "the schedules stay as they were" in world.build_all()[0]
    assert world.dispatcher.timetable(PROJECT) == before
    world.wait(1)
    world.commit(f"{JOB}# [skip ci] says nothing of the schedules\n", sha="d" * 40)
    commit = world.repository.commits["d" * 40]
    world.repository.commits["d" * 40] = replace(commit, message="[skip ci]")
    world.deliver("push", push(world.repository, "d" * 40))
    world.build_all()
    assert entries(world) == []


def test_after_an_outage_one_build_is_made_however_many_were_missed(world: BuildWorld) -> None:
    at_head(world, f"{JOB}schedule:\n  often: {{cron: '*/5 * * * *'}}\n")
    learn(world)
    pass_at(world, DUE + timedelta(days=3, minutes=2))
    assert len(scheduled(world)) == 1
    assert entries(world)[0].next_at == DUE + timedelta(days=3, minutes=5)
    pass_at(world, DUE + timedelta(days=3, minutes=4))
    assert len(scheduled(world)) == 1


def test_while_a_project_is_disabled_nothing_is_started_and_nothing_made_up_for(
    world: BuildWorld,
) -> None:
    learn(world)
    world.dispatcher.put_project(PROJECT, {"enabled": False})
    assert pass_at(world, DUE) == []
    assert "disabled" in entries(world)[0].said
    world.dispatcher.put_project(PROJECT, {"enabled": True})
    assert pass_at(world, DUE + timedelta(minutes=1)) == ["1 schedule"]
    assert scheduled(world) == []
    pass_at(world, DUE + timedelta(days=1))
    assert len(scheduled(world)) == 1


def test_another_branch_is_built_by_its_own_file(world: BuildWorld) -> None:
    at_head(world, f"{FILE.rstrip()[:-1]}, branch: stable}}\n")
    at_head(world, "jobs:\n  old:\n    script: x\n", sha="f" * 40, branch="stable")
    learn(world)
    pass_at(world, DUE)
    [build] = scheduled(world)
    assert (build.sha, build.ref, list(build.jobs)) == ("f" * 40, "refs/heads/stable", ["old"])


def test_a_schedule_that_is_gone_from_the_file_ends(world: BuildWorld) -> None:
    """Also when the push that took it away was never heard of."""
    learn(world)
    world.wait(1)
    at_head(world, JOB, sha="b" * 40)
    assert "has no schedule 'nightly'" in pass_at(world, DUE)[0]
    assert entries(world) == []


def test_a_push_does_not_cancel_what_a_schedule_started(world: BuildWorld) -> None:
    at_head(world, f"cancel_previous: true\n{FILE}")
    learn(world)
    pass_at(world, DUE)
    world.wait(1)
    world.commit(f"cancel_previous: true\n{FILE}# more\n", sha="b" * 40)
    learn(world, "b" * 40)
    [build] = scheduled(world)
    assert build.state is BuildState.PENDING


def test_a_service_without_builds_has_no_schedules(world: BuildWorld) -> None:
    bare = Dispatcher(replace(world.dispatcher.collaborators, builds=None))
    bare.reap()
    bare.put_project("octo/bare", {})
    assert bare.timetable("octo/bare") is None
    bare.remove_project("octo/bare")
