"""Every change of a job, as a conditional write that reads nothing.

A change that does not hold is a ``Conflict`` with the job as it is now; the use case looks at it.
Conditions are what makes a repeated or late message harmless: none of these can end a job twice,
start an attempt twice or take evidence away.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import deadlines
from chalicelib.domain.change import (
    Absent,
    AbsentOrEquals,
    AbsentOrLess,
    Change,
    Equals,
    OneOf,
    Present,
)
from chalicelib.domain.deadlines import after
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.evidence import Report, Stop
from chalicelib.domain.job import Attempt, State
from chalicelib.domain.job_fields import (
    ATTEMPT,
    CANCEL,
    DUE,
    LIMITED,
    STATE,
    UNDER_WAY,
    UNFINISHED,
    WAITING,
    as_json,
    as_judged,
    lease,
    of_attempt,
    without_task,
)
from chalicelib.domain.model import stamp
from chalicelib.domain.spec import Capacity


def mark_sent(*, now: datetime, due_at: datetime) -> Change:
    """The reaper has sent the id again; it looks again at ``due_at``. May be repeated."""
    return Change(
        set={("sent_at",): stamp(now), DUE: stamp(due_at)},
        when=(OneOf(STATE, (State.QUEUED.value, State.STARTING.value)),),
    )


def look_again(number: int, *, due_at: datetime) -> Change:
    """The reaper has looked and found no reason to end the job. May be repeated."""
    return Change(set={DUE: stamp(due_at)}, when=(UNFINISHED, Equals(ATTEMPT, number)))


def begin_attempt(
    number: int,
    *,
    release: str,
    now: datetime,
    capacity: Capacity | None = None,
    limited: bool = False,
) -> Change:
    """``queued -> starting``: pins number, release and capacity (None: what the job asked for).
    Conflict when someone else did, or when a cancellation was asked for. ``limited``: the store
    gives the job a slot in the same write; a job that needs one can't begin without."""
    attempt = Attempt(number=number, release=release, started_at=now, capacity=capacity)
    return Change(
        set={
            STATE: State.STARTING.value,
            ATTEMPT: number,
            of_attempt(number): as_json(attempt),
            DUE: stamp(after(now, deadlines.LAUNCH_CUT_SHORT_S)),
        },
        remove=(WAITING,) if limited else (),
        when=(
            Equals(STATE, State.QUEUED.value),
            Equals(ATTEMPT, number - 1),
            Absent(CANCEL),
            Equals(LIMITED, True) if limited else AbsentOrEquals(LIMITED, False),
        ),
    )


def record_task(number: int, task_id: str, *, now: datetime) -> Change:
    """The backend has started this task. May be repeated with the same id.

    Conflict when the attempt is over (the task is then an orphan: stop it) or has another task.
    ``due_at`` stays: the claim may have come before this write.
    """
    return Change(
        set={of_attempt(number, "task_id"): task_id, of_attempt(number, "launched_at"): stamp(now)},
        when=(
            Equals(ATTEMPT, number),
            UNDER_WAY,
            AbsentOrEquals(of_attempt(number, "task_id"), task_id),
        ),
    )


def next_launch_try(
    number: int, current_try: int, *, now: datetime, capacity: Capacity | None = None
) -> Change:
    """A definite refusal: nothing was started, the next RunTask takes a new client token, and
    may therefore ask for another ``capacity`` (None: the same as before).

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    return Change(
        set={
            ("sent_at",): stamp(now),
            of_attempt(number, "launch_try"): current_try + 1,
            **({of_attempt(number, "capacity"): capacity} if capacity else {}),
            DUE: stamp(after(now, deadlines.LAUNCH_CUT_SHORT_S)),
        },
        when=(
            *without_task(number),
            Equals(of_attempt(number, "launch_try"), current_try),
        ),
    )


def put_off(number: int, *, now: datetime, retry_at: datetime) -> Change:
    """Throttled or no capacity: the attempt stays ``starting`` without a task until ``retry_at``,
    when its delayed message comes; the reaper looks a while after that. May be repeated."""
    return Change(
        set={("sent_at",): stamp(now), DUE: stamp(after(retry_at, deadlines.RESEND_S))},
        when=without_task(number),
    )


def claim(number: int, nonce: str, *, now: datetime, lease_s: float) -> Change:
    """``starting -> running``, once: the same nonce gets it again, another one a Conflict.

    Conflict, too, when the attempt is over, has a report or a stop, or was cancelled: a runner
    that asks then must leave without running anything.
    """
    return Change(
        set={
            STATE: State.RUNNING.value,
            of_attempt(number, "nonce"): nonce,
            of_attempt(number, "claimed_at"): stamp(now),
            **lease(number, now, lease_s),
        },
        when=(
            Equals(ATTEMPT, number),
            UNDER_WAY,
            Absent(CANCEL),
            AbsentOrEquals(of_attempt(number, "nonce"), nonce),
            Absent(of_attempt(number, "report")),
            Absent(of_attempt(number, "stop")),
        ),
    )


def renew(number: int, nonce: str, *, now: datetime, lease_s: float, log_bytes: int) -> Change:
    """A heartbeat. Conflict when the lease is no longer this runner's. May be repeated."""
    return Change(
        set={of_attempt(number, "log_bytes"): log_bytes, **lease(number, now, lease_s)},
        when=(
            Equals(ATTEMPT, number),
            Equals(STATE, State.RUNNING.value),
            Equals(of_attempt(number, "nonce"), nonce),
        ),
    )


def record_report(number: int, nonce: str, report: Report, *, now: datetime) -> Change:
    """First witness. The same report again is harmless; another one is a Conflict.

    A report that comes when the attempt is over is kept as evidence and changes no verdict. It
    does not move ``due_at``, so a finished job stays finished and a newer attempt keeps its own;
    the lease's deadline is near enough to look for a stop that is late.
    """
    return Change(
        set={
            of_attempt(number, "report"): as_json(report),
            of_attempt(number, "reported_at"): stamp(now),
        },
        when=(
            Equals(of_attempt(number, "nonce"), nonce),
            AbsentOrEquals(of_attempt(number, "report"), as_json(report)),
        ),
    )


def record_stop(number: int, stop: Stop, *, now: datetime) -> Change:
    """Second witness: the newest version wins. Conflict for an older or equal one (a repetition:
    decide on ``Conflict.current``), for an unknown attempt, and for a task that is not this
    attempt's.

    A late stop is kept and changes no verdict. ``due_at`` stays, for the reason above.
    """
    return Change(
        set={
            of_attempt(number, "stop"): as_json(stop),
            of_attempt(number, "stop_seen_at"): stamp(now),
        },
        when=(
            Present(of_attempt(number)),
            AbsentOrEquals(of_attempt(number, "task_id"), stop.task_id),
            AbsentOrLess(of_attempt(number, "stop", "version"), stop.version),
        ),
    )


def request_cancel(*, now: datetime) -> Change:
    """The fact of a cancellation. Conflict when the job is finished or it was asked for before.

    From here on no attempt can begin and none can be claimed.
    """
    return Change(
        set={CANCEL: stamp(now), DUE: stamp(after(now, deadlines.CANCEL_CHECK_S))},
        when=(UNFINISHED, Absent(CANCEL)),
    )


def finish(number: int, decision: Finish, *, now: datetime) -> Change:
    """The verdict, once and for ever. Conflict when the job is finished, has gone on to another
    attempt, or evidence has come that the decision did not look at: decide again.
    """
    result = {
        "verdict": decision.verdict.value,
        "cause": decision.cause.value if decision.cause else None,
        "detail": decision.detail,
        "rule": decision.rule,
        "exit_code": decision.exit_code,
        "signal": decision.signal,
    }
    return Change(
        set={
            STATE: State.FINISHED.value,
            ("finished_at",): stamp(now),
            **{(name,): value for name, value in result.items() if value is not None},
        },
        remove=(DUE, WAITING),
        when=(
            Equals(STATE, decision.state.value) if decision.state else UNFINISHED,
            Equals(ATTEMPT, number),
            *as_judged(number, decision),
        ),
    )


def retry(number: int, decision: Retry, *, now: datetime, retry_at: datetime) -> Change:
    """Back to ``queued``; the attempt keeps its evidence and gets the cause of its end.

    Conflict as for ``finish``, and when a cancellation was asked for.
    """
    return Change(
        set={
            STATE: State.QUEUED.value,
            of_attempt(number, "cause"): decision.cause.value,
            of_attempt(number, "detail"): decision.detail,
            ("sent_at",): stamp(now),
            ("queue_deadline",): stamp(after(retry_at, decision.queue_timeout_s)),
            DUE: stamp(after(retry_at, deadlines.RESEND_S)),
        },
        when=(
            UNDER_WAY,
            Equals(ATTEMPT, number),
            Absent(CANCEL),
            *as_judged(number, decision),
        ),
    )
