"""Cancel a job: a fact on it first, then whatever already runs is stopped."""

from __future__ import annotations

import logging

from chalicelib.domain import transitions
from chalicelib.domain.decide import task_to_stop
from chalicelib.domain.job import Job
from chalicelib.ports import Conflict, ServiceTrouble
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownJob
from chalicelib.usecases.find_task import with_task
from chalicelib.usecases.settle import settle

log = logging.getLogger("towline.usecases")


def cancel(co: Collaborators, job_id: str) -> Job:
    """Ask for the job's end; the job as it is afterwards. Repeatable.

    A job that no runner has claimed is cancelled at once. One that runs is told at once (the runner
    gets TERM, its next heartbeat says so again) and ends as ``cancelled`` when its stop is seen. A
    finished job is given back unchanged; a task that it left behind is stopped. Raises
    ``UnknownJob``.
    """
    now = co.clock()
    try:
        job = co.store.apply(job_id, transitions.request_cancel(now=now), now=now)
        co.meter.count("CancelsRequested")
    except Conflict as conflict:
        if conflict.current is None:
            raise UnknownJob(job_id) from None
        job = conflict.current
    return carry_out_cancel(co, job)


def carry_out_cancel(co: Collaborators, job: Job) -> Job:
    """Do what a cancelled job still needs: a stop for its task, and its verdict. Repeatable.

    From the moment that the fact is stored nothing can claim the job, so one without a claim is
    over at once. A task that is being started at this moment is stopped by whoever starts it.
    """
    job = with_task(co, job)
    task_id = task_to_stop(job)
    if task_id is not None:
        stop_task(co, task_id, "the job was cancelled")
    return settle(co, job)


def stop_task(co: Collaborators, task_id: str, reason: str) -> bool:
    """Stop a task. Failing is no error: the heartbeat tells the runner, the reaper tries again."""
    try:
        co.backend.stop(task_id, reason)
    except ServiceTrouble as trouble:
        log.warning("task %s could not be stopped now: %s", task_id, trouble)
        return False
    return True
