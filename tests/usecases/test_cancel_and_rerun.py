"""Cancelling at each point of a job's life, and running a job again."""

from __future__ import annotations

import pytest

from chalicelib.domain.evidence import EndedBy
from chalicelib.domain.job import State
from chalicelib.domain.verdict import Verdict
from chalicelib.ports import IdempotencyMismatch, ServiceTrouble, TryLater
from chalicelib.usecases.errors import UnknownJob
from tests.usecases.world import World, a_report


def test_a_queued_job_is_cancelled_at_once(world: World) -> None:
    job = world.submit()
    after = world.dispatcher.cancel(job.id)
    assert (after.state, after.verdict) == (State.FINISHED, Verdict.CANCELLED)


def test_a_job_whose_launch_was_put_off_is_cancelled_at_once(world: World) -> None:
    job = world.submit()
    world.backend.answers = [TryLater("no capacity", 600, definite=True)]
    world.dispatcher.launch(job.id)
    assert world.dispatcher.cancel(job.id).verdict is Verdict.CANCELLED


def test_a_task_that_no_runner_speaks_for_yet_is_stopped_and_the_job_is_over(
    world: World,
) -> None:
    job = world.launched()
    assert world.dispatcher.cancel(job.id).verdict is Verdict.CANCELLED
    assert world.backend.stopped == [f"task-{job.id}-1-1"]


def test_a_running_job_is_told_at_once_and_ends_when_its_stop_is_seen(world: World) -> None:
    job = world.running()
    after = world.dispatcher.cancel(job.id)
    assert after.state is State.RUNNING
    assert world.backend.stopped == [f"task-{job.id}-1-1"]
    world.report(job, world.lease(job), a_report(143, ended_by=EndedBy.CANCEL))
    assert world.stop(job, 143).verdict is Verdict.CANCELLED


def test_a_script_that_had_ended_by_itself_keeps_its_verdict(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    world.dispatcher.cancel(job.id)
    assert world.stop(job, 0).verdict is Verdict.PASSED


def test_a_finished_job_is_given_back_unchanged(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    before = world.stop(job, 0)
    assert world.dispatcher.cancel(job.id) == before
    assert world.backend.stopped == []


def test_a_backend_that_is_away_does_not_lose_the_cancellation(world: World) -> None:
    job = world.running()
    world.backend.away = True
    assert world.dispatcher.cancel(job.id).cancel_requested_at is not None
    assert world.beat(job, world.lease(job))["cancel"] is True
    world.backend.away = False
    world.dispatcher.cancel(job.id)
    assert world.backend.stopped == [f"task-{job.id}-1-1"]


def test_an_unknown_job_can_be_neither_cancelled_nor_run_again(world: World) -> None:
    with pytest.raises(UnknownJob):
        world.dispatcher.cancel("0" * 26)
    with pytest.raises(UnknownJob):
        world.dispatcher.rerun("0" * 26, submitted_by="me")


@pytest.mark.parametrize("script", ["exit 7\n", "# " + "x" * 50_000], ids=["small", "in S3"])
def test_a_rerun_is_a_new_job_with_the_same_spec(world: World, script: str) -> None:
    first = world.running(script=script, name="tests", timeout_s=77)
    again = world.dispatcher.rerun(first.id, submitted_by="me")
    assert again.id != first.id
    assert (again.rerun_of, again.name, again.timeout_s) == (first.id, "tests", 77)
    world.dispatcher.launch(again.id)
    assert world.claim(world.get(again.id))["work"] == world.claim(first)["work"]


def test_a_submit_repeated_under_its_key_is_the_first_job_and_is_sent_once(world: World) -> None:
    from chalicelib.domain.spec import JobSpec

    spec, other = JobSpec(script="true"), JobSpec(script="false")
    first = world.dispatcher.submit(spec, submitted_by="me", idempotency_key="k")
    again = world.dispatcher.submit(spec, submitted_by="me", idempotency_key="k")
    assert again.id == first.id
    assert world.queue.take() == [(first.id, 0)]
    with pytest.raises(IdempotencyMismatch):
        world.dispatcher.submit(other, submitted_by="me", idempotency_key="k")


def test_a_send_that_fails_is_no_error_and_the_reaper_makes_up_for_it(world: World) -> None:
    world.queue.broken = True
    job = world.submit()
    assert world.get(job.id).state is State.QUEUED
    world.queue.broken = False
    world.wait(59)
    assert world.dispatcher.reap().sent == 0
    world.wait(1)
    assert world.dispatcher.reap().sent == 1
    assert world.queue.take() == [(job.id, 0)]


def test_a_job_that_could_not_be_stored_is_not_accepted_and_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ServiceTrouble("the table is away")

    monkeypatch.setattr(world.dispatcher.collaborators.store, "create", away)
    with pytest.raises(ServiceTrouble):
        world.submit()
    assert world.queue.take() == []
