"""Launching: repeated messages, refusals, trouble, cancellation in the middle, deadlines."""

from __future__ import annotations

import pytest

from chalicelib.domain import transitions
from chalicelib.domain.job import State
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.ports import Refused, ServiceTrouble, TryLater
from chalicelib.usecases.launch_message import PoisonMessage
from tests.usecases.world import Crash, World

UNKNOWN_ID = "01kdzzzzzzzzzzzzzzzzzzzzzz"


def test_a_message_that_comes_twice_starts_one_task(world: World) -> None:
    job = world.submit()
    world.dispatcher.take_message(job.id)
    world.dispatcher.take_message(job.id)
    assert len(world.backend.requests) == 1
    assert world.get(job.id).attempt == 1


def test_a_message_that_comes_again_after_a_crash_repeats_the_identical_request(
    world: World,
) -> None:
    job = world.submit()

    def die() -> None:
        raise Crash

    world.backend.before_answer = die
    with pytest.raises(Crash):
        world.dispatcher.take_message(job.id)
    world.backend.before_answer = lambda: None
    world.wait(200)
    world.dispatcher.take_message(job.id)

    first, second = world.backend.requests
    assert first == second
    assert len(world.backend.tasks) == 1
    attempt = world.get(job.id).current
    assert attempt is not None
    assert attempt.task_id in world.backend.tasks


def test_throttling_puts_the_launch_off_by_a_message_with_the_same_try(world: World) -> None:
    job = world.submit()
    world.queue.take()
    world.backend.answers = [TryLater("Rate exceeded", 20, definite=False)]
    world.dispatcher.take_message(job.id)

    [(sent, delay_s)] = world.queue.take()
    assert sent == job.id
    assert 10 <= delay_s <= 30
    assert world.get(job.id).state is State.STARTING
    world.wait(delay_s)
    world.dispatcher.take_message(job.id)
    assert [request.launch_try for request in world.backend.requests] == [1, 1]
    assert world.backend.requests[0] == world.backend.requests[1]


def test_delays_differ_so_that_many_jobs_do_not_come_back_at_once(world: World) -> None:
    delays = set()
    for _ in range(8):
        job = world.submit()
        world.queue.take()
        world.backend.answers = [TryLater("Rate exceeded", 60, definite=False)]
        world.dispatcher.take_message(job.id)
        delays.add(world.queue.take()[0][1])
    assert len(delays) > 4


def test_only_a_certain_refusal_raises_the_launch_try(world: World) -> None:
    job = world.submit()
    world.backend.answers = [
        TryLater("RESOURCE:MEMORY", 30, definite=True),
        TryLater("Rate exceeded", 30, definite=False),
    ]
    for _ in range(3):
        world.dispatcher.take_message(job.id)
    assert [request.launch_try for request in world.backend.requests] == [1, 2, 2]
    attempt = world.get(job.id).current
    assert attempt is not None
    assert attempt.launch_try == 2


def test_a_launch_that_was_put_off_and_not_sent_is_sent_by_the_reaper_in_its_time(
    world: World,
) -> None:
    job = world.submit()
    world.queue.take()
    world.queue.broken = True
    world.backend.answers = [TryLater("RESOURCE:MEMORY", 30, definite=True)]
    world.dispatcher.take_message(job.id)
    world.queue.broken = False
    world.wait(60)
    world.dispatcher.reap()
    assert world.queue.take() == [(job.id, 0)]


def test_trouble_whose_outcome_is_unknown_is_tried_again_as_it_was(world: World) -> None:
    job = world.submit()
    world.queue.take()
    world.backend.answers = [ServiceTrouble("the connection was cut")]
    world.dispatcher.take_message(job.id)
    assert len(world.queue.take()) == 1
    world.dispatcher.take_message(job.id)
    assert world.backend.requests[0] == world.backend.requests[1]


def test_what_can_never_work_ends_the_job_at_once(world: World) -> None:
    job = world.submit()
    world.queue.take()
    world.backend.answers = [Refused(Cause.LAUNCH_REFUSED, "there is no such shape")]
    world.dispatcher.take_message(job.id)
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.LAUNCH_REFUSED)
    assert job.detail == "there is no such shape"
    assert world.queue.take() == []


def test_trouble_that_no_retry_can_mend_ends_the_job_at_once(world: World) -> None:
    job = world.submit()
    world.backend.answers = [ServiceTrouble("AccessDenied", retryable=False)]
    world.dispatcher.take_message(job.id)
    assert world.get(job.id).cause is Cause.LAUNCH_REFUSED


def test_a_pull_worth_retrying_gives_the_job_another_attempt_later(world: World) -> None:
    job = world.submit()
    world.queue.take()
    world.backend.answers = [Refused(Cause.IMAGE_PULL, "i/o timeout")]
    world.dispatcher.take_message(job.id)
    job = world.get(job.id)
    assert job.state is State.QUEUED
    assert job.attempts["1"].cause is Cause.IMAGE_PULL
    [(_, delay_s)] = world.queue.take()
    assert delay_s > 0
    world.dispatcher.take_message(job.id)
    assert world.get(job.id).attempt == 2
    assert world.backend.requests[1].token.startswith("2.")


def test_a_job_that_was_cancelled_while_its_task_started_has_the_task_stopped(
    world: World,
) -> None:
    job = world.submit()
    world.backend.before_answer = lambda: cancel(world, job.id)
    world.dispatcher.take_message(job.id)
    assert world.backend.stopped == [f"task-{job.id}-1-1"]
    assert world.get(job.id).verdict is Verdict.CANCELLED


def test_a_runner_that_was_faster_than_the_answer_is_stopped_when_the_job_was_cancelled(
    world: World,
) -> None:
    job = world.submit()

    def claim_and_cancel() -> None:
        world.claim(world.get(job.id))
        world.dispatcher.cancel(job.id)
        assert world.backend.stopped == []

    world.backend.before_answer = claim_and_cancel
    world.dispatcher.take_message(job.id)
    assert world.backend.stopped == [f"task-{job.id}-1-1"]
    assert world.get(job.id).state is State.RUNNING


def cancel(world: World, job_id: str) -> None:
    world.dispatcher.cancel(job_id)


def test_a_job_that_was_cancelled_between_two_tries_is_not_started(world: World) -> None:
    job = world.submit()
    world.backend.answers = [TryLater("Rate exceeded", 20, definite=False)]
    world.dispatcher.take_message(job.id)
    world.dispatcher.cancel(job.id)
    world.dispatcher.take_message(job.id)
    assert len(world.backend.requests) == 1
    assert world.get(job.id).verdict is Verdict.CANCELLED


def test_a_cancellation_that_died_half_way_is_carried_out_by_the_next_message(
    world: World,
) -> None:
    queued, put_off = world.submit(), world.submit()
    world.backend.answers = [TryLater("Rate exceeded", 20, definite=False)]
    world.dispatcher.take_message(put_off.id)
    for job in (queued, put_off):
        noted = transitions.request_cancel(now=world.now)
        world.dispatcher.collaborators.store.apply(job.id, noted, now=world.now)
        world.dispatcher.take_message(job.id)
        assert world.get(job.id).verdict is Verdict.CANCELLED
    assert len(world.backend.requests) == 1


def test_a_job_that_waited_beyond_its_queue_timeout_is_not_started(world: World) -> None:
    job = world.submit(queue_timeout_s=60)
    world.wait(60)
    world.dispatcher.take_message(job.id)
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.QUEUE_TIMEOUT)
    assert world.backend.requests == []


def test_a_finished_job_is_not_started_by_a_late_message(world: World) -> None:
    job = world.submit()
    world.dispatcher.cancel(job.id)
    world.dispatcher.take_message(job.id)
    assert world.backend.requests == []


@pytest.mark.parametrize("body", ["", "{}", "not an id", UNKNOWN_ID.upper(), UNKNOWN_ID])
def test_only_a_message_that_names_no_job_is_poison(world: World, body: str) -> None:
    with pytest.raises(PoisonMessage):
        world.dispatcher.take_message(body)


def test_a_table_that_is_away_sends_the_message_back_with_a_delay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.submit()
    world.queue.take()

    def away(*_: object, **__: object) -> None:
        raise ServiceTrouble("the table is away")

    with monkeypatch.context() as patch:
        patch.setattr(world.dispatcher.collaborators.store, "apply", away)
        world.dispatcher.take_message(job.id)
    [(sent, delay_s)] = world.queue.take()
    assert sent == job.id
    assert delay_s > 0
    world.dispatcher.take_message(job.id)
    assert world.get(job.id).state is State.STARTING


def test_the_request_pins_what_the_job_asked_for_and_the_release(world: World) -> None:
    job = world.launched(image="debian:12", user="1000", cpu=2, memory_mib=512, grace_s=30)
    [request] = world.backend.requests
    assert (request.image, request.user, request.cpu, request.memory_mib) == (
        "debian:12",
        "1000",
        2,
        512,
    )
    assert request.release == "registry.test/runner@sha256:1"
    assert job.attempts["1"].release == request.release
    assert request.stop_timeout_s == 40


def test_the_stop_timeout_stays_within_what_fargate_takes(world: World) -> None:
    world.launched(grace_s=110)
    assert world.backend.requests[0].stop_timeout_s == 120
