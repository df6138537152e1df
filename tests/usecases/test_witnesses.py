"""Heartbeats, reports and stops: repeated, late, out of order, from the wrong runner."""

from __future__ import annotations

import contextlib
from itertools import permutations
from typing import Any

import pytest

from chalicelib.domain.evidence import EndedBy
from chalicelib.domain.job import State
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.usecases.credentials import lease
from chalicelib.usecases.errors import RunnerRefused
from tests.usecases.world import OTHER_NONCE, World, a_report, a_stop


def test_a_heartbeat_renews_the_lease_and_notes_the_logs_length(world: World) -> None:
    job = world.running()
    world.wait(30)
    world.beat(job, world.lease(job), log_bytes=77)
    attempt = world.get(job.id).current
    assert attempt is not None
    assert attempt.lease_until is not None
    assert (attempt.lease_until - world.now).total_seconds() == 90
    assert attempt.log_bytes == 77


def test_a_heartbeat_tells_of_a_cancellation(world: World) -> None:
    job = world.running()
    world.dispatcher.cancel(job.id)
    assert world.beat(job, world.lease(job))["cancel"] is True


def test_a_fresh_permit_comes_once_the_first_has_lived_for_half_its_time(world: World) -> None:
    job = world.running()
    world.wait(1799)
    assert world.beat(job, world.lease(job))["permit"] is None
    world.wait(1)
    permit = world.beat(job, world.lease(job))["permit"]
    assert permit["prefix"] == f"logs/{job.id}/1/"
    assert permit["expires_in_s"] == 3600


def test_a_forged_lease_is_refused(world: World) -> None:
    job = world.running()
    for forged in ("", world.lease(job)[:-1] + "g", lease(b"x" * 32, job.id, 1, OTHER_NONCE)):
        with pytest.raises(RunnerRefused) as refused:
            world.beat(job, forged)
        assert refused.value.status == 401
        with pytest.raises(RunnerRefused):
            world.report(job, forged, a_report(0))
    assert world.figures.counts["LeasesRefused"] == 6


def test_a_good_lease_of_a_runner_that_never_claimed_is_refused(world: World) -> None:
    job = world.running()
    with pytest.raises(RunnerRefused) as refused:
        world.beat(job, lease(world.key, job.id, 1, OTHER_NONCE))
    assert refused.value.status == 409
    with pytest.raises(RunnerRefused) as refused:
        world.report(job, lease(world.key, job.id, 1, OTHER_NONCE), a_report(0))
    assert refused.value.status == 409


def test_a_runner_that_beats_past_every_allowance_is_given_up_and_stopped(world: World) -> None:
    job = world.running(timeout_s=60, grace_s=5)
    beats = 0
    while world.get(job.id).state is State.RUNNING and beats < 120:
        world.wait(30)
        with contextlib.suppress(RunnerRefused):
            world.beat(job, world.lease(job))
        beats += 1
    with pytest.raises(RunnerRefused) as over:
        world.beat(job, world.lease(job))
    assert over.value.status == 410
    ended = world.get(job.id)
    assert (ended.verdict, ended.cause) == (Verdict.ERRORED, Cause.RUNNER_LOST)
    attempt = job.current
    assert attempt is not None
    assert world.backend.stopped == [attempt.task_id]


def test_a_heartbeat_of_a_finished_job_is_told_that_it_is_over(world: World) -> None:
    job = world.running()
    world.stop(job, 137)
    with pytest.raises(RunnerRefused) as refused:
        world.beat(job, world.lease(job))
    assert refused.value.status == 410


def test_the_same_report_may_come_again_and_another_may_not(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(3))
    world.report(job, world.lease(job), a_report(3))
    with pytest.raises(RunnerRefused) as refused:
        world.report(job, world.lease(job), a_report(0))
    assert refused.value.status == 409
    assert world.stop(job, 3).exit_code == 3


def test_a_report_after_the_verdict_is_kept_and_changes_nothing(world: World) -> None:
    job = world.running()
    before = world.stop(job, 137)
    assert (before.verdict, before.cause) == (Verdict.ERRORED, Cause.RUNNER_LOST)
    world.report(job, world.lease(job), a_report(0))
    after = world.get(job.id)
    assert after.current is not None
    assert after.current.report == a_report(0)
    assert (after.verdict, after.cause, after.due_at) == (before.verdict, before.cause, None)


def test_a_stop_without_a_report_is_never_the_scripts(world: World) -> None:
    job = world.running()
    job = world.stop(job, 0)
    assert (job.verdict, job.cause, job.exit_code) == (Verdict.ERRORED, Cause.RUNNER_LOST, None)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_events_in_any_order_and_twice_give_one_verdict(
    world: World, order: tuple[int, ...]
) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(5))
    for index in (*order, *order):
        world.stop(job, 5, version=index + 3, reason=f"event {index}")
    after = world.get(job.id)
    assert (after.verdict, after.exit_code) == (Verdict.FAILED, 5)
    assert after.current is not None
    assert after.current.stop is not None
    assert after.current.stop.version == 5
    assert world.figures.counts["JobsFinished failed none"] == 1


def test_a_stop_of_an_unknown_job_is_no_error(world: World) -> None:
    job = world.running()
    assert world.dispatcher.observe_stop("0" * 26, 1, a_stop(job, 0)) is None


def test_a_stop_of_an_earlier_attempt_is_kept_and_does_not_touch_the_current_one(
    world: World,
) -> None:
    job = world.running(retry_lost=1)
    world.stop(job, None, stop_code="SpotInterruption", reason="Spot")
    assert world.get(job.id).state is State.QUEUED
    world.dispatcher.launch(job.id)
    world.claim(world.get(job.id))
    late = world.dispatcher.observe_stop(job.id, 1, a_stop(job, 143, version=9))
    assert late is not None
    assert late.state is State.RUNNING
    first = late.attempts["1"].stop
    assert first is not None
    assert first.exit_code == 143


def test_a_runner_lost_in_the_middle_is_tried_again_only_when_the_job_says_so(
    world: World,
) -> None:
    careful, willing = world.running(), world.running(retry_lost=1)
    spot: dict[str, Any] = {"stop_code": "SpotInterruption", "reason": "Spot interruption"}
    assert world.stop(careful, None, **spot).cause is Cause.SPOT_INTERRUPTED
    again = world.stop(willing, None, **spot)
    assert again.state is State.QUEUED
    [(sent, delay_s)] = world.queue.take()
    assert sent == willing.id
    assert 0 < delay_s <= 900


def test_a_timeout_outranks_the_status_that_follows(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0, ended_by=EndedBy.TIMEOUT))
    job = world.stop(job, 0)
    assert (job.verdict, job.cause) == (Verdict.TIMED_OUT, Cause.TIMEOUT)
