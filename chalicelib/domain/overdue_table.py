"""The decision table for deadlines: the reaper has asked the backend, and no evidence decides.

It is read after the table for evidence, when that one waits. Each state has an end here.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import deadlines
from chalicelib.domain.case import Case
from chalicelib.domain.decision import Finish, OverdueDecision, Retry, Send, Wait
from chalicelib.domain.endings import by_report_alone, ended_after_claim, ended_before_claim
from chalicelib.domain.job import State
from chalicelib.domain.rule import Rule, always
from chalicelib.domain.verdict import Cause


def _soon(case: Case, until: datetime | None = None) -> datetime:
    """A minute from now, or the deadline when that is nearer."""
    soon = deadlines.after(case.now, deadlines.LOOK_AGAIN_S)
    return soon if until is None else max(case.now, min(soon, until))


def _send(case: Case) -> Send:
    return Send(deadlines.resend_at(case.job, case.now), "no task yet: its message may be lost")


def _slot_awaited(case: Case) -> Wait:
    look_at = min(deadlines.resend_at(case.job, case.now), case.job.queue_deadline)
    return Wait("waits for a slot of its project", look_at=look_at)


def _no_capacity(case: Case) -> Finish | Retry:
    detail = "no container could be started for it within its queue timeout"
    return ended_before_claim(
        case, Cause.QUEUE_TIMEOUT, detail, retryable=False, absent=("task_id", "nonce")
    )


def _launch_timeout(case: Case) -> Finish | Retry:
    detail = f"no runner asked for the job within {deadlines.LAUNCH_S // 60} minutes of its start"
    return ended_before_claim(
        case, Cause.LAUNCH_TIMEOUT, detail, retryable=True, absent=("nonce", "stop")
    )


def _vanished_unclaimed(case: Case) -> Finish | Retry:
    detail = "the task is gone, and no runner had asked for the job"
    return ended_before_claim(
        case, Cause.RUNNER_NEVER_CLAIMED, detail, retryable=True, absent=("nonce", "stop")
    )


def _vanished(case: Case) -> Finish | Retry:
    detail = "the lease ran out and the task is gone, without a report"
    return ended_after_claim(case, Cause.RUNNER_LOST, detail, absent=("report", "stop"))


def _cancel_ignored(case: Case) -> Finish | Retry:
    detail = "the task did not end within its grace; it is stopped"
    return ended_after_claim(case, Cause.RUNNER_LOST, detail, absent=("report", "stop"))


OVERDUE_RULES: tuple[Rule[OverdueDecision], ...] = (
    Rule(
        "over",
        "the job is finished",
        "wait: a verdict never changes",
        lambda c: c.state is State.FINISHED,
        lambda c: Wait("the job is finished", look_at=_soon(c)),
    ),
    Rule(
        "slot_awaited",
        "queued, waits for a slot of its project",
        "wait; free slots go to the jobs that wait longest",
        lambda c: c.state is State.QUEUED and c.waits_for_slot,
        _slot_awaited,
    ),
    Rule(
        "message_lost",
        "queued",
        "send its id to the launch queue again",
        lambda c: c.state is State.QUEUED,
        _send,
    ),
    Rule(
        "no_capacity",
        "starting without a task, past the queue timeout",
        "`errored: queue_timeout`",
        lambda c: not c.claimed and c.attempt.task_id is None and c.queue_time_over,
        _no_capacity,
    ),
    Rule(
        "launch_unfinished",
        "starting without a task",
        "send its id to the launch queue again: the same attempt is launched",
        lambda c: not c.claimed and c.attempt.task_id is None,
        _send,
    ),
    Rule(
        "launch_timeout",
        "a task, but no claim within 15 minutes of its start",
        "stop the task; another attempt, at most 3, else `errored: launch_timeout`",
        lambda c: not c.claimed and c.launch_time_over,
        _launch_timeout,
    ),
    Rule(
        "vanished_unclaimed",
        "no claim, and the backend has no such task running (a minute or more after its start)",
        "another attempt, at most 3, else `errored: runner_never_claimed`",
        lambda c: not c.claimed and c.task_gone and c.task_should_show,
        _vanished_unclaimed,
    ),
    Rule(
        "launching",
        "no claim yet",
        "wait until the launch deadline",
        lambda c: not c.claimed,
        lambda c: Wait("launching", look_at=deadlines.next_launch_look(c.attempt, c.now)),
    ),
    Rule(
        "stop_lost",
        "report; the backend has no such task running, and 2 minutes have passed",
        "by the report alone: never `passed` or `failed`, but `errored: witness_missing`",
        lambda c: c.only_report and c.task_gone and c.stop_is_late,
        by_report_alone,
    ),
    Rule(
        "stop_never",
        "report; no stop for 32 minutes, whatever the backend says",
        "stop the task; by the report alone, as above",
        lambda c: c.only_report and c.stop_will_not_come,
        by_report_alone,
    ),
    Rule(
        "stop_late",
        "report, no stop",
        "wait: a runner whose acknowledgement was lost repeats its report",
        lambda c: c.only_report,
        lambda c: Wait("reported; the container has not ended yet", look_at=_soon(c)),
    ),
    Rule(
        "vanished",
        "claimed, the lease has run out, and the backend has no such task running",
        "`cancelled` when that was asked for; else `runner_lost`: another attempt if "
        "`retry_lost` allows it, or `errored`",
        lambda c: c.task_gone,
        _vanished,
    ),
    Rule(
        "cancel_ignored",
        "cancellation asked for, and the task has outlived its grace by 3 minutes",
        "stop the task; `cancelled`",
        lambda c: c.cancel_time_over,
        _cancel_ignored,
    ),
    Rule(
        "lease_question",
        "claimed, the lease has run out, but the task runs or the backend can't say",
        "wait: an expired lease is a question, not an answer",
        always,
        lambda c: Wait("out of touch", look_at=_soon(c, deadlines.run_deadline(c.job, c.attempt))),
    ),
)
