"""Waiting for one of a project's slots, as changes. The store moves the slots in the same write."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import deadlines
from chalicelib.domain.change import Absent, Change, Equals, Present
from chalicelib.domain.deadlines import after
from chalicelib.domain.job import Job, State
from chalicelib.domain.job_fields import ATTEMPT, CANCEL, DUE, STATE, WAITING
from chalicelib.domain.model import stamp


def wait_for_slot(job: Job, *, now: datetime) -> Change:
    """The job stays ``queued`` and waits: no message is under way. May be repeated.

    Conflict when it was launched or cancelled meanwhile. Whoever frees a slot sends the job on; the
    reaper looks as well, and ends it at its queue deadline.
    """
    return Change(
        set={
            WAITING: stamp(job.waiting_since or now),
            DUE: stamp(min(deadlines.resend_at(job, now), job.queue_deadline)),
        },
        when=(Equals(STATE, State.QUEUED.value), Equals(ATTEMPT, job.attempt), Absent(CANCEL)),
    )


def give_slot(*, now: datetime) -> Change:
    """A slot is the job's now, and its id goes to the launch queue right after.

    Conflict when it does not wait (any more), or was cancelled.
    """
    return Change(
        set={("sent_at",): stamp(now), DUE: stamp(after(now, deadlines.RESEND_S))},
        remove=(WAITING,),
        when=(Equals(STATE, State.QUEUED.value), Present(WAITING), Absent(CANCEL)),
    )


def still_waits(since: datetime, *, due_at: datetime) -> Change:
    """The reaper has looked, and there was no slot. Conflict when it waits no more."""
    return Change(
        set={WAITING: stamp(since), DUE: stamp(due_at)},
        when=(Equals(STATE, State.QUEUED.value), Equals(WAITING, stamp(since))),
    )
