"""Every row of the table for evidence, by a case that only this row decides."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decide import decide
from chalicelib.domain.decide_table import RULES
from chalicelib.domain.decision import Finish, Wait
from chalicelib.domain.evidence import EndedBy
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Cause, Verdict
from tests.domain.samples import (
    NOW,
    judged,
    later,
    queued_job,
    report,
    stop,
)

CANCEL: dict[str, Any] = {"cancel_requested_at": NOW}
SPOT: dict[str, Any] = {"stop_code": "SpotInterruption", "reason": "Your Spot Task was interrupted"}
MAINTENANCE = "ECS is performing maintenance on the underlying infrastructure"

P, F, E = Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED
C, T = Verdict.CANCELLED, Verdict.TIMED_OUT

End = tuple[str, Job, Verdict, Cause | None, int | None, int | None]


def ends(
    rule: str,
    job: Job,
    verdict: Verdict,
    cause: Cause | None = None,
    *,
    code: int | None = None,
    signal: int | None = None,
) -> End:
    return rule, job, verdict, cause, code, signal


BY_TIMEOUT = report(143, ended_by=EndedBy.TIMEOUT)
BY_SILENCE = report(signal=9, ended_by=EndedBy.SILENCE)
BY_CANCEL = report(143, ended_by=EndedBy.CANCEL)
ORPHANED = report(signal=9, ended_by=EndedBy.OWNER_LOST)
NOT_STARTED = report(ended_by=EndedBy.NOT_STARTED, detail="no such user")
NO_CHECKOUT = report(ended_by=EndedBy.CHECKOUT_FAILED, detail="the commit is gone")
IN_CHECKOUT = report(None, ended_by=EndedBy.CANCEL)
NO_IMAGE = stop(None, job_container_reason="manifest unknown")

ENDS: list[End] = [
    ends("cancelled_in_queue", queued_job().model_copy(update=CANCEL), C),
    ends(
        "queue_timeout",
        queued_job().model_copy(update={"queue_deadline": NOW}),
        E,
        Cause.QUEUE_TIMEOUT,
    ),
    ends(
        "slot_timeout",
        queued_job().model_copy(update={"queue_deadline": NOW, "waiting_since": NOW}),
        E,
        Cause.QUEUE_TIMEOUT,
    ),
    ends("cancelled_before_claim", judged(claimed=False, **CANCEL), C),
    ends("cancelled_before_claim", judged(None, NO_IMAGE, claimed=False, **CANCEL), C),
    ends("timed_out", judged(BY_TIMEOUT, stop(143)), T, Cause.TIMEOUT),
    # A script that traps TERM and exits with 0 is as late as any other.
    ends("timed_out", judged(report(0, ended_by=EndedBy.TIMEOUT), stop(0)), T, Cause.TIMEOUT),
    ends("timed_out", judged(BY_TIMEOUT, stop(143), **CANCEL), T, Cause.TIMEOUT),
    # Nothing is said about the script's own status, so the engine's is no matter.
    ends("timed_out", judged(BY_SILENCE, stop(None)), T, Cause.SILENCE),
    ends("not_started", judged(NOT_STARTED, stop(125)), E, Cause.NOT_STARTED),
    ends("not_started", judged(NOT_STARTED, stop(125), **CANCEL), C),
    ends("checkout_failed", judged(NO_CHECKOUT, stop(125)), E, Cause.CHECKOUT_FAILED),
    ends("checkout_failed", judged(NO_CHECKOUT, stop(125), **CANCEL), C),
    # Told to end during the checkout: there was no script yet, and so no status of one.
    ends("ended_from_outside", judged(IN_CHECKOUT, stop(125), **CANCEL), C),
    ends("ended_from_outside", judged(IN_CHECKOUT, stop(125)), E, Cause.RUNNER_LOST),
    ends("ended_from_outside", judged(IN_CHECKOUT, stop(125, **SPOT)), E, Cause.SPOT_INTERRUPTED),
    ends("ended_from_outside", judged(BY_CANCEL, stop(143), **CANCEL), C),
    # The script's status after it was told to end is not its verdict.
    ends("ended_from_outside", judged(report(0, ended_by=EndedBy.CANCEL), stop(0), **CANCEL), C),
    ends("ended_from_outside", judged(BY_CANCEL, stop(143)), E, Cause.RUNNER_LOST),
    ends("ended_from_outside", judged(BY_CANCEL, stop(143, **SPOT)), E, Cause.SPOT_INTERRUPTED),
    ends("ended_from_outside", judged(ORPHANED, stop(137)), E, Cause.RUNNER_LOST),
    ends("ended_from_outside", judged(ORPHANED, stop(137), **CANCEL), C),
    ends("both_agree", judged(report(0), stop(0)), P, code=0),
    ends("both_agree", judged(report(1), stop(1)), F, code=1),
    ends("both_agree", judged(report(125), stop(125)), F, code=125),
    ends("both_agree", judged(report(137), stop(137)), F, code=137),
    ends("both_agree", judged(report(signal=9), stop(137)), F, signal=9),
    # A cancellation that came after the script's own end takes nothing away from it.
    ends("both_agree", judged(report(0), stop(0), **CANCEL), P, code=0),
    ends("both_agree", judged(report(3), stop(3), **CANCEL), F, code=3),
    # A task can end with 0 and an out-of-memory reason: a child was killed, the script lived on.
    ends(
        "both_agree",
        judged(report(0), stop(0, job_container_reason="OutOfMemoryError: killed")),
        P,
        code=0,
    ),
    ends("status_unknown", judged(report(0), stop(None)), E, Cause.WITNESS_MISSING),
    ends("status_unknown", judged(report(1), stop(None, **SPOT)), E, Cause.SPOT_INTERRUPTED),
    ends("status_unknown", judged(report(0), stop(None, reason=MAINTENANCE)), E, Cause.HOST_LOST),
    ends("status_unknown", judged(report(0), stop(None, **SPOT), **CANCEL), C),
    ends("disagree", judged(report(0), stop(1)), E, Cause.WITNESS_MISMATCH),
    ends("disagree", judged(report(1), stop(0)), E, Cause.WITNESS_MISMATCH),
    ends("disagree", judged(report(0), stop(137)), E, Cause.WITNESS_MISMATCH),
    ends("disagree", judged(report(signal=9), stop(9)), E, Cause.WITNESS_MISMATCH),
    ends(
        "stopped_unclaimed",
        judged(None, NO_IMAGE, claimed=False, image="x"),
        E,
        Cause.IMAGE_MISSING,
    ),
    ends("stopped_without_report", judged(None, stop(0)), E, Cause.RUNNER_LOST),
    ends("stopped_without_report", judged(None, stop(1)), E, Cause.RUNNER_LOST),
    ends("stopped_without_report", judged(None, stop(121)), E, Cause.RUNNER_LOST),
    ends("stopped_without_report", judged(None, stop(137)), E, Cause.RUNNER_LOST),
    ends(
        "stopped_without_report", judged(None, stop(137, oom_killed=True)), E, Cause.OUT_OF_MEMORY
    ),
    ends(
        "stopped_without_report",
        judged(None, stop(1, reason="no space left on device")),
        E,
        Cause.DISK_FULL,
    ),
    ends("stopped_without_report", judged(None, stop(137, **SPOT)), E, Cause.SPOT_INTERRUPTED),
    ends(
        "stopped_without_report",
        judged(None, stop(None, stop_code="InfrastructureHealth")),
        E,
        Cause.HOST_LOST,
    ),
    # What only a launch can suffer is not believed of a runner that was there.
    ends(
        "stopped_without_report",
        judged(None, stop(1, reason="CannotPullContainerError: i/o timeout")),
        E,
        Cause.RUNNER_LOST,
    ),
    ends("stopped_without_report", judged(None, stop(137), **CANCEL), C),
]


@pytest.mark.parametrize(("rule", "job", "verdict", "cause", "code", "signal"), ENDS)
def test_row_ends_the_job_with_its_verdict(
    rule: str,
    job: Job,
    verdict: Verdict,
    cause: Cause | None,
    code: int | None,
    signal: int | None,
) -> None:
    decision = decide(job, now=later(20))
    assert isinstance(decision, Finish)
    assert decision.rule == rule
    assert (decision.verdict, decision.cause) == (verdict, cause)
    assert (decision.exit_code, decision.signal) == (code, signal)


def test_out_of_touch_ends_only_after_timeout_grace_and_allowance() -> None:
    job = judged()
    over = job.timeout_s + job.grace_s + 30 * 60
    assert decide(job, now=later(over - 1)) == Wait("under way", rule="under_way")
    decision = decide(job, now=later(over))
    assert isinstance(decision, Finish)
    assert (decision.rule, decision.cause) == ("out_of_touch", Cause.RUNNER_LOST)


@pytest.mark.parametrize(
    ("rule", "job"),
    [
        ("finished", judged(report(0), stop(1), state=State.FINISHED)),
        ("queued", queued_job()),
        ("stop_awaited", judged(report(0))),
        ("under_way", judged()),
        ("under_way", judged(claimed=False)),
        # The runner must still end it and say so.
        ("under_way", judged(**CANCEL)),
    ],
)
def test_row_waits(rule: str, job: Job) -> None:
    decision = decide(job, now=later(20))
    assert isinstance(decision, Wait)
    assert decision.rule == rule


def test_every_row_has_a_test_here() -> None:
    tested = {row[0] for row in ENDS}
    tested |= {"finished", "queued", "stop_awaited", "under_way", "out_of_touch"}
    assert {rule.name for rule in RULES} == tested
