"""Decide what the evidence means for a job, and write it."""

from __future__ import annotations

import logging
from datetime import timedelta

from chalicelib.domain import transitions
from chalicelib.domain.change import Change
from chalicelib.domain.decide import decide
from chalicelib.domain.decision import Decision, Finish, Retry, Wait
from chalicelib.domain.job import Job, State
from chalicelib.ports import Conflict
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.count_end import count_finish, count_retry
from chalicelib.usecases.slots import end_in_slot
from chalicelib.usecases.submit import send

ROUNDS = 5
"""Decisions tried while evidence keeps coming; the reaper comes back to what is left."""

log = logging.getLogger("towline.usecases")


def settle(co: Collaborators, job: Job) -> Job:
    """Decide about the job and write the decision; the job as it is afterwards.

    When evidence came that the decision took for absent, it is made again with the evidence.
    Repeatable; a finished job is left as it is.
    """
    for _ in range(ROUNDS):
        if job.state is State.FINISHED:
            return job
        try:
            return carry_out(co, job, decide(job, now=co.clock(), jitter=co.chance()))
        except Conflict as conflict:
            if conflict.current is None:
                raise
            job = conflict.current
    log.warning("the job changed %d times while it was decided; the reaper comes back", ROUNDS)
    return job


def carry_out(co: Collaborators, job: Job, decision: Decision) -> Job:
    """Write one decision. Raises ``Conflict`` when the job is no longer what was judged."""
    if isinstance(decision, Wait):
        return job
    if isinstance(decision, Retry):
        return _retry(co, job, decision)
    return _finish(co, job, decision)


def _finish(co: Collaborators, job: Job, decision: Finish) -> Job:
    now = co.clock()
    done = _end(co, job, transitions.finish(job.attempt, decision, now=now))
    cause = decision.cause.value if decision.cause else "none"
    count_finish(co, done, decision)
    log.info("verdict %s, cause %s: %s", decision.verdict.value, cause, decision.detail)
    return done


def _retry(co: Collaborators, job: Job, decision: Retry) -> Job:
    now = co.clock()
    delay_s = decision.delay_s
    retry_at = now + timedelta(seconds=delay_s)
    change = transitions.retry(job.attempt, decision, now=now, retry_at=retry_at)
    queued = _end(co, job, change)
    count_retry(co, queued, decision)
    log.info(
        "attempt %d is given up (%s); the next one starts in %d s",
        job.attempt,
        decision.cause.value,
        delay_s,
    )
    send(co, job.id, delay_s=delay_s)
    return queued


def _end(co: Collaborators, job: Job, change: Change) -> Job:
    """Write the end of an attempt, with that of its slot if it needed one."""
    if job.limited:
        return end_in_slot(co, job, change)
    return co.store.apply(job.id, change, now=co.clock())
