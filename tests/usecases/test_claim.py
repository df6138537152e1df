"""The claim: once per attempt, whatever is lost, repeated or forged."""

from __future__ import annotations

import pytest

from chalicelib.domain.job import State
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.usecases.claim import ClaimRequest
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.errors import RunnerRefused
from tests.usecases.world import NONCE, OTHER_NONCE, World, a_report


def test_the_same_nonce_is_given_the_same_job_and_lease_again(world: World) -> None:
    job = world.launched()
    first = world.claim(job)
    world.wait(5)
    second = world.claim(job)
    assert second["lease"] == first["lease"]
    assert second["work"] == first["work"]


def test_another_nonce_is_refused_and_counted(world: World) -> None:
    job = world.running()
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job, nonce=OTHER_NONCE)
    assert refused.value.status == 409
    assert world.figures.counts["ClaimsRefused other_runner"] == 1
    attempt = world.get(job.id).current
    assert attempt is not None
    assert attempt.nonce == NONCE


@pytest.mark.parametrize("damage", ["other job", "other attempt", "one digit", "empty", "no dot"])
def test_a_token_that_is_not_this_jobs_is_refused(world: World, damage: str) -> None:
    job, other = world.launched(), world.launched()
    good = claim_token(world.key, job.id, 1)
    last = "0" if good[-1] != "0" else "1"
    token = {
        "other job": claim_token(world.key, other.id, 1),
        "other attempt": "2" + good[1:],
        "one digit": good[:-1] + last,
        "empty": "",
        "no dot": good.replace(".", ""),
    }[damage]
    with pytest.raises(RunnerRefused) as refused:
        world.dispatcher.claim(ClaimRequest(job.id, token, NONCE))
    assert refused.value.status == 401
    assert world.get(job.id).state is State.STARTING


def test_a_cancelled_job_cannot_be_claimed(world: World) -> None:
    job = world.launched()
    world.dispatcher.cancel(job.id)
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job)
    assert refused.value.status == 410


def test_an_attempt_that_was_given_up_cannot_be_claimed(world: World) -> None:
    job = world.launched()
    world.stop(job, None, stop_code="TaskFailedToStart", reason="i/o timeout")
    assert world.get(job.id).state is State.QUEUED
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job, attempt=1)
    assert refused.value.status == 410
    world.dispatcher.launch(job.id)
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job, attempt=1)
    assert refused.value.status == 410
    assert world.claim(job, attempt=2)["attempt"] == 2


def test_a_claim_after_the_launch_deadline_finds_the_attempt_over(world: World) -> None:
    job = world.launched()
    world.wait(15 * 60)
    world.dispatcher.reap()
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job, attempt=1)
    assert refused.value.status == 410
    assert set(world.backend.stopped) == {f"task-{job.id}-1-1"}


def test_a_claim_that_is_repeated_after_the_report_gets_no_work(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job)
    assert refused.value.status == 410


def test_a_secret_that_does_not_exist_ends_the_job_and_is_named(world: World) -> None:
    world.dispatcher.put_secret("default", "HERE", "value")
    job = world.launched(secrets=["HERE", "GONE"])
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job)
    assert refused.value.status == 410
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.SECRET_MISSING)
    assert "GONE" in job.detail
    assert "HERE" not in job.detail


CHECKOUT = {"repository_url": "https://host.test/o/r", "commit": "b" * 40}


def test_a_checkouts_token_that_does_not_exist_ends_the_job_in_words(world: World) -> None:
    job = world.launched(checkout={**CHECKOUT, "token_secret": "READER"})
    with pytest.raises(RunnerRefused) as refused:
        world.claim(job)
    assert (refused.value.status, refused.value.code) == (410, "checkout_failed")
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.CHECKOUT_FAILED)
    assert "no secret named READER" in job.detail


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("tok3n", {"username": "x-access-token", "password": "tok3n"}),
        ("bot:pa:ss\n", {"username": "bot", "password": "pa:ss"}),
    ],
)
def test_the_token_goes_with_the_claim_alone(
    world: World, kept: str, shown: dict[str, str]
) -> None:
    world.dispatcher.put_secret("default", "READER", kept)
    job = world.launched(checkout={**CHECKOUT, "token_secret": "READER"})
    work = world.claim(job)["work"]
    assert work["checkout"]["token"] == shown
    assert "token_secret" not in work["checkout"]
    assert (work["secrets"], shown["password"] in repr(work["env"])) == ({}, False)
    items = world.clients.dynamodb().scan(TableName="towline")["Items"]
    assert shown["password"] not in repr(items)


def test_no_secret_and_no_token_is_ever_stored_with_the_job(world: World) -> None:
    world.dispatcher.put_secret("default", "PASSWORD", "hunter2hunter2")
    job = world.running(secrets=["PASSWORD"])
    item = world.clients.dynamodb().scan(TableName="towline")["Items"]
    text = repr(item)
    assert "hunter2hunter2" not in text
    assert claim_token(world.key, job.id, 1) not in text
    assert world.lease(job) not in text
