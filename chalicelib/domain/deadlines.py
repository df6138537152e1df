"""How long each state may last before the reaper looks, and before it ends. All in seconds.

Each state has an end: a queued job by its queue deadline, a launch by ``LAUNCH_S``, a run by
``run_deadline``, a report without a stop by ``STOP_ALLOWANCE_S`` (docs/verdicts.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.job import Attempt, Job

RESEND_S = 60
"""A queued job whose message may be lost is sent again after so long; less and less often."""

RESEND_MAX_S = 900

LAUNCH_S = 15 * 60
"""From the start of a task to its claim: a large image takes minutes to pull."""

LAUNCH_CUT_SHORT_S = 90
"""From an attempt's begin to the first look at it: a launcher has 60 seconds, so one that has noted
no task by then was cut short, and its message would come back only minutes later."""

TASK_VISIBLE_S = 60
"""A task just started may be unknown to a backend's list for a while; then unknown means gone."""

LEASE_SLACK_S = 30
"""A heartbeat that is late by less is not late."""

STOP_LATE_S = 120
"""A stop that is not seen so long after the report is asked for."""

OUTAGE_ALLOWANCE_S = 30 * 60
"""How long a runner may be out of touch past its script's hard timeout."""

STOP_ALLOWANCE_S = OUTAGE_ALLOWANCE_S + STOP_LATE_S
"""A runner whose acknowledgement was lost repeats its report for so long, and only then exits."""

CANCEL_CHECK_S = 60
"""A cancellation that was noted, but not carried out, is carried out by the reaper after it."""

CANCEL_SLACK_S = 60
"""Beyond grace and ``ENGINE_STOP_S``: then a cancelled runner that is still there is given up."""

ENGINE_STOP_S = 120
"""The longest stop timeout that Fargate has."""

LOOK_AGAIN_S = 60
"""When the reaper looks again at what it could not end yet."""


def after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def launch_deadline(attempt: Attempt) -> datetime:
    """When a started task must have claimed its job."""
    return after(attempt.launched_at or attempt.started_at, LAUNCH_S)


def next_launch_look(attempt: Attempt, now: datetime) -> datetime:
    """When a launch that has its task is looked at next: less and less often, until its deadline.

    A large image takes minutes to pull; a task that vanished meanwhile is found long before then.
    """
    age = (now - attempt.started_at).total_seconds()
    soon = after(now, max(LOOK_AGAIN_S, age))
    return max(now, min(soon, launch_deadline(attempt)))


def run_deadline(job: Job, attempt: Attempt) -> datetime:
    """When a claimed attempt is over, whatever is said of it: timeout, grace and the allowance."""
    claimed = attempt.claimed_at or attempt.started_at
    return after(claimed, job.timeout_s + job.grace_s + OUTAGE_ALLOWANCE_S)


def resend_at(job: Job, now: datetime) -> datetime:
    """When a job's message is sent next: after a third of its age, between 1 and 15 minutes.

    Messages of a long queue wait without being lost; copies of them must not flood the queue.
    """
    age = (now - job.created_at).total_seconds()
    return after(now, min(RESEND_MAX_S, max(RESEND_S, age / 3)))
