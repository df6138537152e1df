"""Stop tasks that no job has any use for: what a crash between two writes can leave behind."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from chalicelib.domain.job import Job, State
from chalicelib.ports import OwnedTask, ServiceTrouble
from chalicelib.usecases.cancel import stop_task
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.context import about

MAX_TASKS = 100
"""Tasks looked up in one pass; with more of them each gets its turn as the minutes go by."""

SETTLED = timedelta(minutes=2)
"""Younger tasks are left alone, as their job may be about to be told of them; so are those of a job
that has just ended, as they may be about to end, too."""

log = logging.getLogger("towline.usecases")


def sweep(co: Collaborators) -> int:
    """Stop the backend's tasks whose job or attempt is over or unknown; how many it was.

    Repeatable; one task's trouble does not keep the others waiting. Never raises
    ``ServiceTrouble``: the next pass tries again.
    """
    try:
        tasks = sorted(co.backend.owned(), key=lambda task: task.task_id)
    except ServiceTrouble as trouble:
        log.warning("the backend's tasks could not be listed: %s", trouble)
        return 0
    return sum(_stop_if_orphan(co, task) for task in _turn(co, tasks))


def _turn(co: Collaborators, tasks: list[OwnedTask]) -> list[OwnedTask]:
    if len(tasks) <= MAX_TASKS:
        return tasks
    minute = int(co.clock().timestamp()) // 60
    start = minute * MAX_TASKS % len(tasks)
    return (tasks + tasks)[start : start + MAX_TASKS]


def _stop_if_orphan(co: Collaborators, task: OwnedTask) -> bool:
    if task.started_at is not None and co.clock() - task.started_at < SETTLED:
        return False
    with about(task.job_id):
        try:
            job = co.store.get(task.job_id)
        except ServiceTrouble as trouble:
            log.warning("the job of task %s could not be read: %s", task.task_id, trouble)
            return False
        if not _is_orphan(job, task, co.clock()):
            return False
        log.warning("task %s runs without a job that needs it, and is stopped", task.task_id)
        co.meter.count("OrphansStopped")
        return stop_task(co, task.task_id, "no job needs this task")


def _is_orphan(job: Job | None, task: OwnedTask, now: datetime) -> bool:
    if job is None:
        return True
    if job.finished_at is not None:
        return now - job.finished_at >= SETTLED
    if job.state is State.QUEUED or job.attempt != task.attempt:
        return True  # its attempt was given up
    attempt = job.current
    return attempt is not None and attempt.task_id not in (None, task.task_id)
