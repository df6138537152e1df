"""The second witness: what the container engine saw. Stored, then decided on."""

from __future__ import annotations

import logging

from chalicelib.domain import transitions
from chalicelib.domain.evidence import Stop
from chalicelib.domain.job import Job
from chalicelib.ports import Conflict
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.settle import settle

log = logging.getLogger("towline.usecases")


def observe_stop(co: Collaborators, job_id: str, attempt: int, stop: Stop) -> Job | None:
    """Store what the engine says of an attempt's container, the newest version, then decide.

    Repeatable, in any order: an older or repeated event changes nothing, but a decision that a
    crash left undone is made. Gives the job as it is afterwards; None when there is none (an event
    of another deployment in the same cluster). Raises ``ServiceTrouble``.
    """
    now = co.clock()
    try:
        job = co.store.apply(job_id, transitions.record_stop(attempt, stop, now=now), now=now)
        log.info("task %s stopped, exit code %s, %s", stop.task_id, stop.exit_code, stop.reason)
    except Conflict as conflict:
        if conflict.current is None:
            log.warning("a task stopped that names the unknown job %s", job_id)
            return None
        job = conflict.current
    return settle(co, job) if job.attempt == attempt else job
