"""What is counted when attempts end: once each, however often an event comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.evidence import TaskState
from chalicelib.domain.job import Job
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.verdict import Verdict
from chalicelib.ports import TryLater
from tests.usecases.world import World, a_report, a_stop

RUNNER = "registry.test/runner@sha256:1"
SAID = "CannotPullContainerError: failed to resolve ref {}: {}"
FARGATE = "arn:aws:ecs:us-east-1:123456789012:task/towline/"


def pull_fails(world: World, job: Job, image: str, how: str, *, copies: int = 3) -> Job:
    """The stop of a task whose image could not be pulled, told several times over."""
    seen = a_stop(
        job,
        None,
        stop_code="TaskFailedToStart",
        job_container_reason=SAID.format(image, how),
    )
    for version in range(copies):
        told = seen.model_copy(update={"version": version // 2 + 1})
        world.dispatcher.observe_stop(job.id, job.attempt, told)
    return world.get(job.id)


def test_a_users_missing_image_counts_as_the_jobs_pull_and_as_the_jobs_fault(world: World) -> None:
    job = pull_fails(world, world.launched(image="debian:twelve"), "debian:twelve", "not found")
    assert job.verdict is Verdict.ERRORED
    assert world.figures.counts["PullFailures job"] == 1
    assert world.figures.counts["PullFailures runner"] == 0
    assert world.figures.counts["JobsErrored job"] == 1
    assert world.figures.counts["JobsErrored service"] == 0


def test_the_runners_missing_image_counts_once_for_each_attempt_even_when_retried(
    world: World,
) -> None:
    job = world.launched()
    pulls = 0
    while job.verdict is None:
        job = pull_fails(world, job, RUNNER, "i/o timeout")
        pulls += 1
        assert world.figures.counts["PullFailures runner"] == pulls
        world.wait(3600)
        world.dispatcher.launch(job.id)
        job = world.get(job.id)
    assert pulls > 1
    assert world.figures.counts["JobsErrored service"] == 1
    assert world.figures.counts["PullFailures job"] == 0


def test_a_witness_mismatch_is_a_metric_of_its_own(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    world.stop(job, 1)
    assert world.figures.counts["JobsFinished errored witness_mismatch"] == 1
    assert world.figures.counts["JobsErrored service"] == 1


@pytest.mark.parametrize("why", list(PutOff))
def test_a_launch_that_is_put_off_says_why(world: World, why: PutOff) -> None:
    job = world.submit()
    world.backend.answers = [TryLater("later", 5, definite=False, why=why)]
    world.dispatcher.launch(job.id)
    assert world.figures.counts[f"LaunchesPutOff {why.value}"] == 1


def test_a_job_that_misses_its_deadline_is_counted_once(world: World) -> None:
    job = world.launched()
    world.wait(1200)
    world.dispatcher.reap()
    world.dispatcher.reap()
    assert world.get(job.id).attempts["1"].cause is not None
    assert world.figures.counts["JobsOverdue"] == 1


def test_a_stop_whose_event_was_lost_is_no_missed_deadline(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    attempt = job.current
    assert attempt is not None
    assert attempt.task_id is not None
    world.backend.end(attempt.task_id, a_stop(job, 0))
    world.wait(300)
    world.dispatcher.reap()
    assert world.get(job.id).verdict is Verdict.PASSED
    assert world.figures.counts["JobsOverdue"] == 0
    assert world.backend.tasks[attempt.task_id].state is TaskState.STOPPED


def ended_on_fargate(world: World, *, copies: int = 1) -> None:
    """A job of a minute on one vCPU, with the times that ECS gives."""
    job = world.submit()
    world.backend.prefix = FARGATE
    world.wait(2)
    world.dispatcher.launch(job.id)
    world.wait(20)
    world.claim(world.get(job.id))
    job = world.get(job.id)
    world.wait(60)
    world.report(job, world.lease(job), a_report(0))

    def ago(seconds: float) -> datetime:
        return world.now - timedelta(seconds=seconds)

    times: dict[str, Any] = {
        "created_at": ago(80),
        "pull_started_at": ago(70),
        "pull_stopped_at": ago(62),
        "stopped_at": world.now,
    }
    for version in range(1, copies + 1):
        told = a_stop(job, 0, version=version)
        times_told = {name: value.isoformat() for name, value in times.items()}
        told = type(told).model_validate({**told.model_dump(), **times_told})
        world.dispatcher.observe_stop(job.id, 1, told)


def test_phases_and_cost_are_measured_once_when_the_job_ends(world: World) -> None:
    ended_on_fargate(world, copies=3)
    [measured] = world.figures.measured
    cost = measured.pop("JobCostUsd")
    assert measured == {
        "QueueSeconds": 2,
        "ProvisionSeconds": 10,
        "PullSeconds": 8,
        "StartSeconds": 2,
        "RunSeconds": 60,
    }
    # 70 s of 1 vCPU and 2 GB: some cents an hour.
    assert 0.0003 < cost < 0.003


def test_a_job_without_a_task_measures_nothing(world: World) -> None:
    world.dispatcher.cancel(world.submit().id)
    assert world.figures.counts["JobsFinished cancelled none"] == 1
    assert world.figures.measured == []


def test_figures_that_can_not_be_made_do_not_undo_the_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("chalicelib.usecases.count_end.phases", broken)
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    assert world.stop(job, 0).verdict is Verdict.PASSED
    assert world.figures.counts["JobsFinished passed none"] == 1
