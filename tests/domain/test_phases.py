"""How long each phase took, by the times that the witnesses and the service wrote down."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.job import Attempt, Job
from chalicelib.domain.phases import Phases, phases
from tests.domain.samples import NOW, attempt, job_with, later, stop


def at(seconds: float) -> str:
    return later(seconds).isoformat()


def on_fargate(**fields: Any) -> Attempt:
    """Seconds 2, 14, 25, 30 and 90 are the ends of its phases."""
    seen = stop(
        created_at=at(2), pull_started_at=at(14), pull_stopped_at=at(25), stopped_at=at(90.5)
    )
    times: dict[str, Any] = {
        "started_at": later(1),
        "launched_at": later(2.4),
        "claimed_at": later(30),
        "reported_at": later(90),
        "stop": seen,
    }
    return attempt(**(times | fields))


def phases_of(tried: Attempt, *earlier: Attempt) -> Phases:
    return phases(job_with(tried, earlier=earlier), tried)


def test_a_job_on_fargate_has_every_phase_and_they_add_up_to_its_time() -> None:
    took = phases_of(on_fargate())
    assert took == Phases(queue_s=2, provision_s=12, pull_s=11, start_s=5, run_s=60)
    assert sum(asdict(took).values()) == 90


def test_an_engine_that_tells_of_no_pull_has_a_longer_start() -> None:
    took = phases_of(on_fargate(stop=stop(created_at=at(2), stopped_at=at(91))))
    assert took == Phases(queue_s=2, start_s=28, run_s=60)


def test_a_run_without_a_report_ends_with_the_container() -> None:
    assert phases_of(on_fargate(reported_at=None)).run_s == 60.5


def test_an_attempt_that_no_runner_claimed_has_no_start_and_no_run() -> None:
    failed = stop(None, created_at=at(2), pull_started_at=at(14), stopped_at=at(40))
    took = phases_of(on_fargate(claimed_at=None, reported_at=None, stop=failed))
    assert took == Phases(queue_s=2, provision_s=12)


def test_what_is_under_way_shows_the_phases_that_are_over() -> None:
    started = attempt(claimed=False, started_at=later(1), launched_at=later(3))
    assert phases_of(started) == Phases(queue_s=3)


def test_a_second_attempt_waits_from_the_end_of_the_first() -> None:
    first = on_fargate(number=1)
    second = attempt(2, started_at=later(100), launched_at=later(101), claimed_at=later(130))
    assert phases_of(second, first) == Phases(queue_s=10.5, start_s=29)


def test_a_first_attempt_that_never_got_a_task_ended_when_it_began() -> None:
    first = attempt(1, claimed=False, started_at=later(5), launched_at=None, task_id=None)
    second = attempt(2, claimed=False, started_at=later(30), launched_at=later(31))
    assert phases_of(second, first).queue_s == 26


@given(times=st.lists(st.integers(-1000, 1000), min_size=6, max_size=6))
def test_no_clock_makes_a_phase_negative(times: list[int]) -> None:
    created, pulling, pulled, claimed, reported, stopped = times
    seen = stop(
        created_at=at(created),
        pull_started_at=at(pulling),
        pull_stopped_at=at(pulled),
        stopped_at=at(stopped),
    )
    tried = on_fargate(claimed_at=later(claimed), reported_at=later(reported), stop=seen)
    assert all(value >= 0 for value in asdict(phases_of(tried)).values())


def test_a_job_that_was_never_tried_waits_from_its_submission() -> None:
    job: Job = job_with(attempt(claimed=False, launched_at=later(7)))
    assert job.created_at == NOW
    assert phases(job, job.attempts["1"]).queue_s == 7
