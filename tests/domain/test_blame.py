"""What an end is counted as: whose fault, whose image, and whether a deadline was missed."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.blame import OF_THE_JOB, Fault, failed_pull, fault_of, missed_deadline
from chalicelib.domain.decide import decide, decide_overdue, decide_refused
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.evidence import FailedContainer, TaskState
from chalicelib.domain.job import Job
from chalicelib.domain.stop_reasons import RUNNER_CAUSES, Subject
from chalicelib.domain.verdict import Cause
from tests.domain.samples import NOW, attempt, judged, later, queued_job, report, stop

RUNNER = "registry.test/runner@sha256:" + "a" * 64
MISSING = "CannotPullContainerError: failed to resolve ref {}: not found"


def pull_failed(job_image: str | None, image: str, *, of: str = "job", **fields: Any) -> Job:
    """A job whose container ``of`` could not be started, as ECS tells it."""
    said = MISSING.format(image)
    if of == "job":
        seen = stop(None, stop_code="TaskFailedToStart", job_container_reason=said)
    else:
        other = FailedContainer(name=of, image=image, reason=said)
        seen = stop(None, stop_code="TaskFailedToStart", other_containers=(other,))
    return judged(seen=seen, claimed=False, image=job_image, **fields)


@pytest.mark.parametrize(
    ("job", "subject"),
    [
        (pull_failed("debian:twelve", "debian:twelve"), Subject.JOB),
        (pull_failed(None, RUNNER), Subject.RUNNER),
        (pull_failed("debian:12", RUNNER, of="payload"), Subject.RUNNER),
    ],
)
def test_a_failed_pull_is_counted_for_the_image_that_was_missing(
    job: Job, subject: Subject
) -> None:
    decision = decide(job, now=later(60))
    assert isinstance(decision, Finish | Retry)
    assert failed_pull(job, decision.cause) is subject


def test_a_cancelled_job_whose_pull_had_failed_counts_as_a_failed_pull() -> None:
    job = pull_failed(None, RUNNER, cancel_requested_at=NOW)
    decision = decide(job, now=later(60))
    assert isinstance(decision, Finish)
    assert decision.cause is None
    assert failed_pull(job, decision.cause) is Subject.RUNNER


def test_words_about_a_pull_after_the_claim_are_not_a_failed_pull() -> None:
    job = judged(seen=stop(1, job_container_reason=MISSING.format("x")))
    assert failed_pull(job, Cause.RUNNER_LOST) is None


def test_an_engine_that_refuses_to_pull_counts_without_a_stop() -> None:
    assert failed_pull(queued_job(), Cause.IMAGE_AUTH) is Subject.JOB
    assert failed_pull(queued_job(), Cause.CAPACITY) is None


def test_a_users_own_image_secret_and_memory_page_nobody_and_all_else_is_ours() -> None:
    assert {cause for cause in Cause if fault_of(cause) is Fault.JOB} == OF_THE_JOB
    assert set(RUNNER_CAUSES) <= OF_THE_JOB
    assert not set(RUNNER_CAUSES.values()) & OF_THE_JOB
    assert fault_of(Cause.WITNESS_MISMATCH) is Fault.SERVICE
    assert fault_of(None) is Fault.SERVICE


def test_an_end_by_evidence_misses_no_deadline() -> None:
    both = judged(report(0), stop(0))
    decision = decide_overdue(both, None, now=later(9999))
    assert isinstance(decision, Finish)
    assert not missed_deadline(decision)


@pytest.mark.parametrize(
    ("job", "task", "seconds"),
    [
        (queued_job(queue_timeout_s=60), None, 60),  # queued too long
        (judged(claimed=False), TaskState.RUNNING, 900),  # no claim
        (judged(), TaskState.RUNNING, 99_999),  # past its timeout and the outage allowance
        (judged(), TaskState.UNKNOWN, 120),  # its lease ran out and its task is gone
    ],
)
def test_an_end_by_a_passed_time_misses_a_deadline(
    job: Job, task: TaskState | None, seconds: float
) -> None:
    decision = decide_overdue(job, task, now=later(seconds))
    assert isinstance(decision, Finish | Retry)
    assert missed_deadline(decision)


def test_a_launch_that_never_got_a_task_in_time_misses_its_deadline() -> None:
    job = judged(claimed=False)
    late = decide_refused(job, Cause.QUEUE_TIMEOUT, "late", now=NOW, retryable=False)
    refused = decide_refused(job, Cause.LAUNCH_REFUSED, "no", now=NOW)
    assert (missed_deadline(late), missed_deadline(refused)) == (True, False)
    assert attempt(claimed=False).nonce is None
