"""Hold the slots of projects with a limit against their jobs.

Every move of a slot is one transaction with its job's change, so nothing should ever be wrong. What
is nevertheless, would starve a project for good: it is mended, and logged as an error.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from chalicelib.domain.job import State
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.slots import send_waiting

EVERY_MINUTES = 10
MAX_PROJECTS = 50
"""Projects looked at in one pass; with more of them each gets its turn as the hours go by."""
MAX_WAITING = 25
SETTLED = timedelta(minutes=5)
"""Younger slots are left alone: nearly all are right, and each one looked at is a read."""

log = logging.getLogger("towline.usecases")


def recount(co: Collaborators) -> int:
    """Free slots of jobs that are over, take jobs that do not wait out of the line, and send on
    those that wait in front of free slots. How many it was.

    In one minute of ten; repeatable. Raises ``ServiceTrouble``.
    """
    minute = int(co.clock().timestamp()) // 60
    if minute % EVERY_MINUTES:
        return 0
    limited = [project.name for project in co.projects.all() if project.max_jobs is not None]
    turn = minute // EVERY_MINUTES * MAX_PROJECTS % len(limited) if limited else 0
    taken = (limited + limited)[turn : turn + min(MAX_PROJECTS, len(limited))]
    return sum(_recount(co, project) for project in taken)


def _recount(co: Collaborators, project: str) -> int:
    mended = 0
    for job_id, since in co.slots.read(project).holders.items():
        if co.clock() - since >= SETTLED:
            job = co.store.get(job_id)
            if job is None or job.state is State.FINISHED:
                mended += co.slots.drop_holder(project, job_id)
    for job_id in co.slots.waiting(project, limit=MAX_WAITING):
        job = co.store.get(job_id)
        if job is None or job.waiting_since is None:
            mended += co.slots.drop_waiting(project, job_id)
    if mended:
        log.error("%d slots and places in line of project %s were wrong", mended, project)
    return mended + send_waiting(co, project)
