"""When an attempt is worth another one, and what a refusal or an error of our own means."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decide import decide, decide_refused, errored, task_to_stop
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.evidence import FailedContainer
from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.verdict import Cause, Verdict
from tests.domain.samples import NOW, attempt, job_with, judged, queued_job, report, stop

CANCEL: dict[str, Any] = {"cancel_requested_at": NOW}
SPOT: dict[str, Any] = {"stop_code": "SpotInterruption", "reason": "Your Spot Task was interrupted"}

F, E, C = Verdict.FAILED, Verdict.ERRORED, Verdict.CANCELLED

PULL_TROUBLE = stop(None, job_container_reason="CannotPullContainerError: i/o timeout")


def test_pull_trouble_before_the_claim_is_tried_three_times() -> None:
    decisions = []
    earlier: list[Attempt] = []
    for number in (1, 2, 3):
        now_lost = attempt(number, claimed=False, stop=PULL_TROUBLE)
        job = job_with(now_lost, earlier=tuple(earlier), image="debian:12")
        decision = decide(job, now=NOW)
        decisions.append(decision)
        assert isinstance(decision, Retry | Finish)
        assert decision.cause is Cause.IMAGE_PULL
        earlier.append(now_lost.model_copy(update={"cause": decision.cause}))
    assert [type(decision) for decision in decisions] == [Retry, Retry, Finish]


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        (stop(None, job_container_reason="manifest unknown"), Cause.IMAGE_MISSING),
        (stop(None, job_container_reason="pull access denied for x"), Cause.IMAGE_AUTH),
        (stop(None, job_container_reason="exec format error"), Cause.IMAGE_ARCH),
    ],
)
def test_what_time_would_not_mend_is_not_retried(seen: Any, cause: Cause) -> None:
    decision = decide(judged(None, seen, claimed=False, image="x"), now=NOW)
    assert isinstance(decision, Finish)
    assert (decision.verdict, decision.cause) == (E, cause)


@pytest.mark.parametrize("code", [0, 1, 120, 137, None])
def test_a_container_that_ends_before_the_claim_is_retried_whatever_its_status(
    code: int | None,
) -> None:
    decision = decide(judged(None, stop(code), claimed=False), now=NOW)
    assert isinstance(decision, Retry)
    assert decision.cause is Cause.RUNNER_NEVER_CLAIMED


def test_a_failed_payload_container_names_the_runners_image() -> None:
    payload = FailedContainer(name="payload", reason="CannotPullContainerError: manifest unknown")
    seen = stop(None, reason="Task failed to start", other_containers=(payload,))
    decision = decide(judged(None, seen, claimed=False, image="debian:12"), now=NOW)
    assert isinstance(decision, Finish)
    assert decision.cause is Cause.RUNNER_IMAGE_MISSING


def test_a_lost_runner_is_retried_only_as_often_as_the_job_allows() -> None:
    lost = attempt(1, stop=stop(137, **SPOT))
    assert isinstance(decide(job_with(lost, retry_lost=0), now=NOW), Finish)
    first = decide(job_with(lost, retry_lost=1), now=NOW)
    assert isinstance(first, Retry)
    given_up = lost.model_copy(update={"cause": first.cause})
    second = attempt(2, stop=stop(137, **SPOT))
    again = decide(job_with(second, earlier=(given_up,), retry_lost=1), now=NOW)
    assert isinstance(again, Finish)


def test_launch_trouble_does_not_use_up_the_retries_of_a_lost_runner() -> None:
    unlaunched = attempt(1, claimed=False, cause=Cause.IMAGE_PULL)
    lost = attempt(2, stop=stop(137, **SPOT))
    decision = decide(job_with(lost, earlier=(unlaunched,), retry_lost=1), now=NOW)
    assert isinstance(decision, Retry)


@pytest.mark.parametrize(
    "job",
    [
        judged(None, stop(137, oom_killed=True), retry_lost=5),
        judged(report(0), stop(1), retry_lost=5),
        judged(report(0), stop(None), retry_lost=5),
        judged(None, stop(137, **SPOT), retry_lost=5, **CANCEL),
    ],
)
def test_only_a_lost_host_or_runner_is_worth_another_run(job: Job) -> None:
    assert isinstance(decide(job, now=NOW), Finish)


def test_a_retry_waits_and_carries_the_jobs_queue_timeout() -> None:
    job = judged(None, PULL_TROUBLE, claimed=False, image="x", queue_timeout_s=77.0)
    full = decide(job, now=NOW)
    short = decide(job, now=NOW, jitter=0.99)
    assert isinstance(full, Retry)
    assert isinstance(short, Retry)
    assert (full.delay_s, short.delay_s, full.queue_timeout_s) == (5, 3, 77.0)


def test_memory_is_named_where_a_script_failed_for_it() -> None:
    told = report(signal=9, oom_kills=1, job_peak_kib=512 << 10)
    decision = decide(judged(told, stop(137, oom_killed=True), memory_mib=512), now=NOW)
    assert isinstance(decision, Finish)
    assert (decision.verdict, decision.cause) == (F, None)
    assert decision.detail == "a process was killed for memory (limit 512 MiB, peak 512 MiB)"


def test_a_refused_launch_is_ours_and_retried_by_its_cause() -> None:
    job = judged(claimed=False)
    refused = decide_refused(job, Cause.LAUNCH_REFUSED, "no such cluster", now=NOW)
    pull = decide_refused(job, Cause.IMAGE_PULL, "i/o timeout", now=NOW)
    forced = decide_refused(job, Cause.IMAGE_PULL, "bad certificate", now=NOW, retryable=False)
    assert isinstance(refused, Finish)
    assert isinstance(pull, Retry)
    assert isinstance(forced, Finish)
    assert (refused.verdict, refused.cause) == (E, Cause.LAUNCH_REFUSED)


def test_a_refused_launch_of_a_cancelled_job_is_cancelled() -> None:
    decision = decide_refused(judged(claimed=False, **CANCEL), Cause.IMAGE_PULL, "x", now=NOW)
    assert isinstance(decision, Finish)
    assert decision.verdict is C


def test_an_error_of_our_own_needs_no_evidence() -> None:
    decision = errored(judged(), Cause.SECRET_MISSING, "no secret named X")
    assert (decision.verdict, decision.cause, decision.state) == (
        E,
        Cause.SECRET_MISSING,
        State.RUNNING,
    )


def test_a_task_is_to_be_stopped_until_its_stop_was_seen() -> None:
    assert task_to_stop(queued_job()) is None
    assert task_to_stop(judged()) == "task-1"
    assert task_to_stop(judged(report(0), stop(0))) is None
