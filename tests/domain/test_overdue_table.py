"""Every row of the table for deadlines: what the reaper does with what no event has ended."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decide import decide_overdue
from chalicelib.domain.decision import Finish, Retry, Send, Wait
from chalicelib.domain.evidence import EndedBy, TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.overdue_table import OVERDUE_RULES
from chalicelib.domain.verdict import Cause, Verdict
from tests.domain.samples import NOW, attempt, job_with, judged, later, queued_job, report, stop

CANCEL: dict[str, Any] = {"cancel_requested_at": NOW}
GONE = TaskState.UNKNOWN
RUNS = TaskState.RUNNING
UNLAUNCHED = job_with(attempt(claimed=False, task_id=None, launched_at=None))
UNCLAIMED = judged(claimed=False)
WAITING = queued_job().model_copy(update={"limited": True, "waiting_since": NOW})

ROWS: list[tuple[str, Job, TaskState | None, float, type[Any], Cause | None]] = [
    ("message_lost", queued_job(), None, 60, Send, None),
    ("slot_awaited", WAITING, None, 60, Wait, None),
    ("slot_awaited", WAITING, None, 24 * 3600 - 1, Wait, None),
    ("launch_unfinished", UNLAUNCHED, None, 900, Send, None),
    ("no_capacity", UNLAUNCHED, None, 24 * 3600, Finish, Cause.QUEUE_TIMEOUT),
    ("launching", UNCLAIMED, RUNS, 899, Wait, None),
    ("launching", UNCLAIMED, None, 899, Wait, None),
    # A backend's list may lag behind a start.
    ("launching", UNCLAIMED, GONE, 59, Wait, None),
    ("vanished_unclaimed", UNCLAIMED, GONE, 60, Retry, Cause.RUNNER_NEVER_CLAIMED),
    ("vanished_unclaimed", UNCLAIMED, TaskState.STOPPED, 60, Retry, Cause.RUNNER_NEVER_CLAIMED),
    ("launch_timeout", UNCLAIMED, TaskState.PENDING, 900, Retry, Cause.LAUNCH_TIMEOUT),
    ("launch_timeout", UNCLAIMED, None, 900, Retry, Cause.LAUNCH_TIMEOUT),
    ("lease_question", judged(), RUNS, 300, Wait, None),
    ("lease_question", judged(), None, 300, Wait, None),
    ("lease_question", judged(**CANCEL), RUNS, 180, Wait, None),
    ("vanished", judged(), GONE, 300, Finish, Cause.RUNNER_LOST),
    ("vanished", judged(retry_lost=1), GONE, 300, Retry, Cause.RUNNER_LOST),
    ("vanished", judged(**CANCEL), GONE, 100, Finish, None),
    ("cancel_ignored", judged(**CANCEL), RUNS, 200, Finish, None),
    ("stop_late", judged(report(0)), RUNS, 600, Wait, None),
    ("stop_late", judged(report(0)), None, 600, Wait, None),
    ("stop_late", judged(report(0)), GONE, 129, Wait, None),
    ("stop_lost", judged(report(0)), GONE, 130, Finish, Cause.WITNESS_MISSING),
    ("stop_lost", judged(report(1)), GONE, 130, Finish, Cause.WITNESS_MISSING),
    ("stop_lost", judged(report(0, ended_by=EndedBy.TIMEOUT)), GONE, 130, Finish, Cause.TIMEOUT),
    (
        "stop_lost",
        judged(report(ended_by=EndedBy.NOT_STARTED)),
        GONE,
        130,
        Finish,
        Cause.NOT_STARTED,
    ),
    (
        "stop_lost",
        judged(report(143, ended_by=EndedBy.CANCEL), **CANCEL),
        GONE,
        130,
        Finish,
        None,
    ),
    ("stop_never", judged(report(0)), RUNS, 10 + 32 * 60, Finish, Cause.WITNESS_MISSING),
    ("stop_never", judged(report(0)), None, 10 + 32 * 60, Finish, Cause.WITNESS_MISSING),
    ("over", judged(state=State.FINISHED), GONE, 10**6, Wait, None),
    # What the evidence decides the reaper decides alike.
    ("both_agree", judged(report(0), stop(0)), RUNS, 100, Finish, None),
    ("queue_timeout", queued_job(), None, 24 * 3600, Finish, Cause.QUEUE_TIMEOUT),
    ("out_of_touch", judged(), RUNS, 3600 + 10 + 1800, Finish, Cause.RUNNER_LOST),
]


@pytest.mark.parametrize(("rule", "job", "task", "seconds", "kind", "cause"), ROWS)
def test_row_gives_its_outcome(
    rule: str,
    job: Job,
    task: TaskState | None,
    seconds: float,
    kind: type[Any],
    cause: Cause | None,
) -> None:
    decision = decide_overdue(job, task, now=later(seconds))
    assert decision.rule == rule
    assert isinstance(decision, kind)
    assert getattr(decision, "cause", None) is cause


def test_every_row_has_a_test_here() -> None:
    assert {rule.name for rule in OVERDUE_RULES} <= {row[0] for row in ROWS}


def test_a_cancelled_task_that_vanished_is_cancelled() -> None:
    decision = decide_overdue(judged(**CANCEL), GONE, now=later(100))
    assert isinstance(decision, Finish)
    assert decision.verdict is Verdict.CANCELLED


def test_a_report_alone_never_passes_a_script() -> None:
    decision = decide_overdue(judged(report(0)), GONE, now=later(10_000))
    assert isinstance(decision, Finish)
    assert decision.verdict is Verdict.ERRORED
    assert (decision.exit_code, decision.signal) == (None, None)


@pytest.mark.parametrize(("seconds", "wait"), [(60, 60), (600, 200), (9000, 900)])
def test_a_message_is_sent_again_less_and_less_often(seconds: float, wait: float) -> None:
    decision = decide_overdue(queued_job(), None, now=later(seconds))
    assert isinstance(decision, Send)
    assert decision.look_at == later(seconds + wait)


@pytest.mark.parametrize(
    ("job", "task", "seconds", "look_at"),
    [
        (UNCLAIMED, RUNS, 880, 900),
        (UNCLAIMED, RUNS, 100, 200),
        (UNCLAIMED, RUNS, 50, 110),
        (judged(), RUNS, 5400, 3600 + 10 + 1800),
        (judged(report(0)), RUNS, 600, 660),
    ],
)
def test_a_wait_says_when_to_look_again(
    job: Job, task: TaskState, seconds: float, look_at: float
) -> None:
    decision = decide_overdue(job, task, now=later(seconds))
    assert isinstance(decision, Wait)
    assert decision.look_at == later(look_at)
