"""A project's own checkout token: shown to its repository's checkout, and to nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.job import Job
from chalicelib.domain.spec import JobSpec
from chalicelib.domain.verdict import Cause
from chalicelib.usecases.errors import KeyRefused, RunnerRefused, UnknownProject
from tests.fakes.github_server import FakePullRequest
from tests.fakes.github_server.payloads import pull_request
from tests.usecases.build_world import SHA, BuildWorld, new_build_world

FILE = "jobs:\n  a:\n    script: x\n    secrets: [CHECKOUT_TOKEN]\n"
PROJECT = "octo/web"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        made.dispatcher.put_secret(PROJECT, "CHECKOUT_TOKEN", "the job's own")
        yield made


def keep(world: BuildWorld, value: str = "ghp_reads") -> None:
    world.dispatcher.put_checkout_token(PROJECT, value)
    world.use_builds()


def claimed(world: BuildWorld, job_id: str | None) -> dict[str, Any]:
    """The work that a runner is given."""
    assert job_id is not None
    world.dispatcher.launch(job_id)
    work: dict[str, Any] = world.claim(world.get(job_id))["work"]
    return work


def from_fork(world: BuildWorld, **details: Any) -> Job:
    """The job of a pull request from a fork, by somebody who is known."""
    world.commit(FILE)
    pull = FakePullRequest(7, SHA, "topic", "b" * 40, "main", "stranger/web", mergeable=False)
    world.repository.pull_requests[7] = pull
    taken = world.deliver("pull_request", pull_request(world.repository, pull))
    world.build_all()
    job = world.get(world.dispatcher.build(taken.build_id).jobs["a"].job_id or "")
    assert job.restricted
    return job


def shown(work: dict[str, Any]) -> Any:
    return work["checkout"]["token"]


def test_a_build_is_checked_out_with_it_and_its_job_never_sees_it(world: BuildWorld) -> None:
    assert shown(claimed(world, world.push(FILE).jobs["a"].job_id)) is None
    keep(world)
    work = claimed(world, world.push(FILE, ref="refs/heads/b").jobs["a"].job_id)
    assert shown(work) == {"username": "x-access-token", "password": "ghp_reads"}
    # A secret of any name is another: the token has none that a file could ask for.
    assert work["secrets"] == {"CHECKOUT_TOKEN": "the job's own"}
    assert "ghp_reads" not in repr({**work, "checkout": None})
    assert world.dispatcher.secret_names(PROJECT) == ["CHECKOUT_TOKEN"]


def test_it_is_renewed_and_taken_away(world: BuildWorld) -> None:
    keep(world)
    first = world.dispatcher.project(PROJECT).checkout_token_at
    job = world.push(FILE).jobs["a"].job_id
    world.wait(60)
    keep(world, "robot:ghp_renewed")
    assert world.dispatcher.project(PROJECT).checkout_token_at != first
    assert shown(claimed(world, job)) == {"username": "robot", "password": "ghp_renewed"}
    world.dispatcher.remove_checkout_token(PROJECT)
    world.dispatcher.remove_checkout_token(PROJECT)
    world.use_builds()
    assert shown(claimed(world, world.push(FILE, ref="refs/heads/b").jobs["a"].job_id)) is None
    assert world.dispatcher.collaborators.project_tokens.get(PROJECT) is None


def test_a_project_that_is_forgotten_takes_it_along(world: BuildWorld) -> None:
    keep(world)
    world.dispatcher.remove_project(PROJECT)
    assert world.dispatcher.collaborators.project_tokens.get(PROJECT) is None
    with pytest.raises(UnknownProject):
        world.dispatcher.put_checkout_token(PROJECT, "ghp_x")


def test_what_cant_be_a_token_is_refused_and_not_quoted(world: BuildWorld) -> None:
    with pytest.raises(KeyRefused, match="no spaces") as refused:
        world.dispatcher.put_checkout_token(PROJECT, "ghp_one\nghp_two")
    assert "ghp_" not in str(refused.value)
    assert world.dispatcher.project(PROJECT).checkout_token_at is None


def test_a_forks_job_is_not_given_it_and_says_why(world: BuildWorld) -> None:
    keep(world)
    job = from_fork(world)
    world.dispatcher.launch(job.id)
    with pytest.raises(RunnerRefused, match="--fork-checkout yes"):
        world.claim(world.get(job.id))
    assert world.get(job.id).cause is Cause.CHECKOUT_FAILED


def test_a_project_may_let_forks_be_checked_out_with_it(world: BuildWorld) -> None:
    keep(world)
    world.dispatcher.put_project(PROJECT, {"fork_checkout": True})
    world.use_builds()
    work = claimed(world, from_fork(world).id)
    assert shown(work)["password"] == "ghp_reads"
    assert work["secrets"] == {}


def test_a_public_repositorys_forks_are_checked_out_without_it(world: BuildWorld) -> None:
    world.repository.private = False
    keep(world)
    assert shown(claimed(world, from_fork(world).id)) is None


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("/OCTO/web", True),
        ("/octo/web.git", True),
        ("/octo/web2.git", False),
        ("/octo/other.git", False),
    ],
)
def test_a_submitted_job_has_it_for_the_projects_own_address_alone(
    world: BuildWorld, address: str, given: bool
) -> None:
    """Whoever submits a job chooses the address: it must not be a way to be sent the token."""
    keep(world)
    for site in (world.github.url, "https://github.example.com"):
        checkout = {"repository_url": f"{site}{address}", "commit": SHA}
        spec = JobSpec.model_validate({"project": PROJECT, "script": "x", "checkout": checkout})
        job = world.dispatcher.submit(spec, submitted_by="ci")
        work = claimed(world, job.id)
        assert (shown(work) is not None) is (given and site == world.github.url)


def test_when_it_is_gone_the_job_says_how_to_store_it_again(world: BuildWorld) -> None:
    keep(world)
    world.dispatcher.collaborators.project_tokens.remove(PROJECT)
    job = world.push(FILE).jobs["a"].job_id
    assert job is not None
    world.dispatcher.launch(job)
    with pytest.raises(RunnerRefused, match="--checkout-token -"):
        world.claim(world.get(job))
