"""A push becomes a build, jobs and statuses; nothing is done twice, lost, or told backwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.build import BuildState, JobState
from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.verdict import Verdict
from chalicelib.usecases.errors import UnknownBuild
from tests.fakes.github_server import FakePullRequest
from tests.fakes.github_server.payloads import pull_request, push
from tests.usecases.build_world import SHA, BuildWorld, new_build_world

TWO = """\
jobs:
  unit:
    script: make unit
  deploy:
    needs: unit
    script: make deploy
"""


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def test_a_push_runs_its_jobs_in_order_and_every_step_is_on_the_commit(world: BuildWorld) -> None:
    build = world.push(TWO)
    assert (build.state, build.sha, build.branch) == (BuildState.PENDING, SHA, "main")
    world.tell(build)
    assert world.told() == {
        "towline": "pending",
        "towline/unit": "pending",
        "towline/deploy": "pending",
    }
    world.finish(build, "unit")
    build = world.tell(build)
    assert build.jobs["unit"].verdict is Verdict.PASSED
    assert build.jobs["deploy"].state is JobState.QUEUED
    world.finish(build, "deploy", code=3)
    build = world.tell(build)
    assert (build.state, build.finished_at) == (BuildState.FAILED, world.now)
    assert world.told() == {
        "towline": "failure",
        "towline/unit": "success",
        "towline/deploy": "failure",
    }
    last = world.repository.statuses[-1]
    assert (last["context"], last["state"]) == ("towline", "failure")
    assert f"/builds/{build.id}/view?key=" in last["target_url"]
    of_job = next(s for s in world.repository.statuses if s["state"] == "failure")
    assert "the script ended with code 3" in of_job["description"]


def test_the_job_has_the_commit_and_says_whose_it_is(world: BuildWorld) -> None:
    build = world.push(TWO)
    job = world.get(build.jobs["unit"].job_id or "")
    assert (job.project, job.build, job.build_job) == ("octo/web", build.id, "unit")
    assert not job.restricted
    world.dispatcher.launch(job.id)
    work = world.claim(world.get(job.id))["work"]
    assert work["checkout"]["commit"] == SHA
    assert work["checkout"]["ref"] == "refs/heads/main"
    assert work["env"]["TOWLINE_BUILD"] == build.id
    assert work["env"]["TOWLINE_EVENT"] == "push"
    assert work["env"]["TOWLINE_BRANCH"] == "main"


@pytest.mark.parametrize(
    "file", ["jobs:\n  unit:\n    scrpt: x\n", "jobs: [\n"], ids=["key", "yaml"]
)
def test_a_wrong_file_is_a_failed_status_that_names_the_line(world: BuildWorld, file: str) -> None:
    build = world.push(file)
    assert (build.state, dict(build.jobs)) == (BuildState.FAILED, {})
    assert build.problems
    assert all(problem.path == ".towline.yml" and problem.line >= 1 for problem in build.problems)
    world.tell(build)
    assert world.told() == {"towline": "failure"}
    assert not world.queue.take()


def test_a_commit_without_a_file_or_that_asks_for_it_makes_no_build(world: BuildWorld) -> None:
    world.commit(TWO, message="A fix\n\n[skip ci]")
    taken = world.deliver("push", push(world.repository, SHA))
    assert world.build_all() == ["no build: the commit's message asks for no build"]
    other = world.deliver("push", push(world.repository, "b" * 40))
    assert "neither .towline.yml nor .travis.yml" in world.build_all()[0]
    for each in (taken, other):
        with pytest.raises(UnknownBuild):
            world.dispatcher.build(each.build_id)
    assert not world.repository.statuses


def test_what_needs_a_job_that_failed_is_skipped_and_said_so(world: BuildWorld) -> None:
    build = world.push(TWO)
    world.finish(build, "unit", code=1)
    build = world.tell(build)
    assert (build.state, build.jobs["deploy"].state) == (BuildState.FAILED, JobState.SKIPPED)
    assert world.told() == {
        "towline": "failure",
        "towline/unit": "failure",
        "towline/deploy": "error",
    }


def test_a_job_that_failed_in_its_setup_is_named_so_on_the_commit(world: BuildWorld) -> None:
    """Its verdict is a failure, as its status is its own; to the commit nothing was tested."""
    build = world.push("jobs:\n  unit:\n    setup: [make deps]\n    script: [make test]\n")
    world.finish(build, "unit", code=7, phases=("setup", "after"))
    build = world.tell(build)
    unit = build.jobs["unit"]
    assert (build.state, unit.verdict, unit.in_setup) == (BuildState.FAILED, Verdict.FAILED, True)
    assert world.told() == {"towline": "failure", "towline/unit": "error"}
    (words,) = {
        each["description"] for each in world.repository.statuses if each["state"] == "error"
    }
    assert words.endswith(": setup failed with status 7; the script was not run")


def test_a_job_that_the_project_does_not_allow_is_errored_with_the_reason(
    world: BuildWorld,
) -> None:
    world.dispatcher.put_project("octo/web", {"max_cpu": 2})
    build = world.push("jobs:\n  big:\n    resources: {cpu: 8}\n    script: x\n")
    assert build.state is BuildState.ERRORED
    assert "2 vCPU at most" in build.jobs["big"].detail


def test_a_newer_push_cancels_the_build_before_whichever_is_made_first(world: BuildWorld) -> None:
    file = f"cancel_previous: true\n{TWO}"
    for sha in ("1" * 40, "2" * 40):
        world.commit(file, sha=sha)
    old = world.deliver("push", push(world.repository, "1" * 40)).build_id
    world.wait(1)
    new = world.deliver("push", push(world.repository, "2" * 40, before="1" * 40)).build_id
    first, second = world.deliveries.take()
    world.dispatcher.take_delivery(second)
    world.dispatcher.take_delivery(first)
    assert world.dispatcher.build(old).state is BuildState.CANCELLED
    assert world.dispatcher.build(new).state is BuildState.PENDING


def fork(world: BuildWorld, association: str) -> BuildRecord:
    """A pull request from elsewhere, by somebody who is that to the project."""
    file = "jobs:\n  unit:\n    script: env\n    secrets: [KEY]\n"
    world.dispatcher.put_secret("octo/web", "KEY", "value")
    pull = FakePullRequest(
        7, world.commit(file), "topic", "b" * 40, "main", "else/web",
        author_association=association,
    )  # fmt: skip
    world.repository.pull_requests[7] = pull
    taken = world.deliver("pull_request", pull_request(world.repository, pull))
    world.build_all()
    return world.dispatcher.build(taken.build_id)


def test_a_strangers_pull_request_waits_until_it_is_approved_and_gets_no_secret(
    world: BuildWorld,
) -> None:
    build = fork(world, "FIRST_TIME_CONTRIBUTOR")
    assert (build.held, build.restricted, build.jobs["unit"].job_id) == (True, True, None)
    world.tell(build)
    assert world.told() == {"towline-pr": "pending", "towline-pr/unit": "pending"}
    build = world.dispatcher.approve_build(build.id, who="maintainer")
    job = world.get(build.jobs["unit"].job_id or "")
    assert (job.restricted, build.approved_by) == (True, "maintainer")
    world.dispatcher.launch(job.id)
    assert world.claim(world.get(job.id))["work"]["secrets"] == {}


def test_a_contributors_pull_request_runs_at_once_without_secrets(world: BuildWorld) -> None:
    build = fork(world, "CONTRIBUTOR")
    assert not build.held
    assert world.get(build.jobs["unit"].job_id or "").restricted


def test_a_cancelled_build_ends_its_jobs_and_a_rerun_keeps_what_passed(world: BuildWorld) -> None:
    build = world.push(TWO)
    world.finish(build, "unit")
    build = world.tell(build)
    deploy = build.jobs["deploy"].job_id or ""
    build = world.dispatcher.cancel_build(build.id, who="me")
    assert build.state is BuildState.CANCELLED
    assert world.get(deploy).verdict is Verdict.CANCELLED
    again = world.dispatcher.rerun_build(build.id, failed=True)
    assert again.rerun_of == build.id
    assert again.jobs["unit"] == build.jobs["unit"]
    assert again.jobs["deploy"].job_id not in (None, deploy)
    world.finish(again, "deploy")
    assert world.tell(again).state is BuildState.PASSED
    assert world.told()["towline"] == "success"
    assert world.dispatcher.build(build.id).state is BuildState.CANCELLED


def test_a_build_of_more_jobs_than_one_pass_starts_them_all(world: BuildWorld) -> None:
    file = "jobs:\n  unit:\n    matrix: {n: [%s]}\n    script: x\n"
    build = world.push(file % ", ".join(map(str, range(45))))
    assert len({entry.job_id for entry in build.jobs.values()}) == 45
