"""Find the task of a job whose runner has claimed it, but whose task's id was never noted.

RunTask's answer can get lost after the task was started. Until a runner claims, the launch is
repeated and finds the task by its client token. When a runner was faster than that, only the mark
that the task was started with (``startedBy`` on ECS) leads to it.
"""

from __future__ import annotations

import logging

from chalicelib.domain import transitions
from chalicelib.domain.job import Job, State
from chalicelib.ports import Conflict, ServiceTrouble, TaskView
from chalicelib.usecases.collaborators import Collaborators

log = logging.getLogger("towline.usecases")


def lacks_task(job: Job) -> bool:
    """Whether a runner has the job and its task has to be looked for. A stop names its task."""
    attempt = job.current
    return (
        job.state is State.RUNNING
        and attempt is not None
        and attempt.task_id is None
        and attempt.stop is None
    )


def find_task(co: Collaborators, job: Job) -> tuple[Job, TaskView | None]:
    """The job with its task noted, and what the backend says of it; None: it was not found.

    Not finding it is no proof that there is none: lists of tasks are late, and forget. Repeatable.
    A backend that is in trouble finds nothing. Raises ``Conflict`` when the job went on meanwhile.
    """
    attempt = job.current
    if attempt is None or not lacks_task(job):
        return job, None
    try:
        view = co.backend.find(job.id, attempt.number, attempt.launch_try)
    except ServiceTrouble as trouble:
        log.warning("its task could not be looked for: %s", trouble)
        return job, None
    if view is None:
        return job, None
    # When it was launched nobody knows: it was asked for when the attempt began.
    change = transitions.record_task(attempt.number, view.task_id, now=attempt.started_at)
    found = co.store.apply(job.id, change, now=co.clock())
    log.info("attempt %d runs as task %s, found by its mark", attempt.number, view.task_id)
    return found, view


def with_task(co: Collaborators, job: Job) -> Job:
    """The job as it is, with its task noted if it can be found now. Never raises ``Conflict``."""
    try:
        return find_task(co, job)[0]
    except Conflict as conflict:
        return conflict.current or job
