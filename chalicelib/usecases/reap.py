"""The scheduled pass that repairs what lost events broke. Every state has a deadline and an end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import transitions
from chalicelib.domain.change import Change
from chalicelib.domain.decide import decide_overdue, task_to_stop
from chalicelib.domain.decision import Send, Wait
from chalicelib.domain.evidence import TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.slot_transitions import still_waits
from chalicelib.ports import Conflict, ServiceTrouble, TaskView
from chalicelib.usecases.cancel import stop_task
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.context import about
from chalicelib.usecases.find_task import find_task, lacks_task
from chalicelib.usecases.observe_stop import observe_stop
from chalicelib.usecases.recount import recount
from chalicelib.usecases.settle import carry_out
from chalicelib.usecases.slots import send_waiting_safely
from chalicelib.usecases.submit import send
from chalicelib.usecases.sweep import sweep

MAX_JOBS = 200
"""Jobs looked at in one pass; the oldest come first, the next pass takes the rest."""
MAX_SEARCHES = 20
"""Tasks looked for by their marks in one pass: each is up to three requests, of which ECS takes 20
a second (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html)."""

log = logging.getLogger("towline.usecases")


@dataclass(frozen=True, slots=True)
class ReapSummary:
    """What one pass did. ``troubled``: jobs that it could not treat; the next pass tries again."""

    looked_at: int = 0
    sent: int = 0
    ended: int = 0
    orphans_stopped: int = 0
    troubled: int = 0


def reap(co: Collaborators) -> ReapSummary:
    """One pass over the jobs whose deadline has passed, then over the tasks without a job.

    Bounded, repeatable, and safe beside another pass. One job's trouble does not keep the others
    waiting. Raises ``ServiceTrouble`` only when the jobs that are due can't be listed.
    """
    due = co.store.due(co.clock(), MAX_JOBS)
    views = _ask_backend(co, due)
    lost = {job.id for job in [job for job in due if lacks_task(job)][:MAX_SEARCHES]}
    results = [_reap_safely(co, job, views, search=job.id in lost) for job in due]
    waiting = sorted({job.project for job in due if job.waiting_since is not None})
    sent = send_waiting_safely(co, waiting) + _recount_safely(co)
    orphans = sweep(co)
    summary = ReapSummary(
        looked_at=len(due),
        sent=results.count("sent") + sent,
        ended=results.count("ended"),
        orphans_stopped=orphans,
        troubled=results.count("troubled"),
    )
    if due or orphans or sent:
        log.info("reaper pass: %s", summary)
        co.meter.count("ReaperRepairs", summary.sent + summary.ended + orphans)
        co.meter.count("ReaperTroubled", summary.troubled)
    return summary


def _ask_backend(co: Collaborators, due: Iterable[Job]) -> dict[str, TaskView]:
    """What the backend says of the tasks of all jobs that are due, in one question."""
    tasks = [attempt.task_id for job in due if (attempt := job.current) and attempt.task_id]
    if not tasks:
        return {}
    try:
        return co.backend.describe(tasks)
    except ServiceTrouble as trouble:
        # Deadlines still pass without its word; only what needs it waits.
        log.warning("the backend could not be asked about %d tasks: %s", len(tasks), trouble)
        return {}


def _recount_safely(co: Collaborators) -> int:
    try:
        return recount(co)
    except ServiceTrouble as trouble:
        log.warning("the projects' slots could not be counted: %s", trouble)
        return 0


def _reap_safely(co: Collaborators, job: Job, views: dict[str, TaskView], *, search: bool) -> str:
    with about(job.id):
        try:
            found, view = find_task(co, job) if search else (job, None)
            return _reap_one(co, found, views if view is None else {view.task_id: view})
        except Conflict:
            return "overtaken"  # whoever changed it moved it on
        except Exception:
            # Whatever is wrong with this job, the others must not wait for it.
            log.exception("the reaper could not treat this job; the next pass tries again")
            return "troubled"


def _reap_one(co: Collaborators, job: Job, views: dict[str, TaskView]) -> str:
    attempt = job.current
    view = views.get(attempt.task_id) if attempt and attempt.task_id else None
    if attempt and view and view.stop is not None and attempt.stop is None:
        log.info("the stop of task %s had not been seen", view.task_id)
        seen = observe_stop(co, job.id, attempt.number, view.stop)
        if seen is None or seen.state is not job.state:
            return "ended"
        job = seen
    state = view.state if view else None
    decision = decide_overdue(job, state, now=co.clock(), jitter=co.chance())
    if isinstance(decision, Send):
        return _send_again(co, job, decision)
    if isinstance(decision, Wait):
        _stop_if_cancelled(co, job, state)
        now = co.clock()
        if decision.look_at is not None:
            co.store.apply(job.id, _later(job, decision.look_at), now=now)
        return "waits"
    carry_out(co, job, decision)
    task_id = task_to_stop(job)
    if task_id is not None:
        stop_task(co, task_id, "the job's deadline passed")
    return "ended"


def _later(job: Job, due_at: datetime) -> Change:
    if job.state is State.QUEUED and job.waiting_since is not None:
        return still_waits(job.waiting_since, due_at=due_at)
    return transitions.look_again(job.attempt, due_at=due_at)


def _send_again(co: Collaborators, job: Job, decision: Send) -> str:
    log.info("its id is sent again: %s", decision.detail)
    if not send(co, job.id):
        return "troubled"
    now = co.clock()
    co.store.apply(job.id, transitions.mark_sent(now=now, due_at=decision.look_at), now=now)
    return "sent"


def _stop_if_cancelled(co: Collaborators, job: Job, state: TaskState | None) -> None:
    """A stop that was lost is sent again; repeating one that was not harms nothing."""
    task_id = task_to_stop(job)
    alive = state in (None, TaskState.PENDING, TaskState.RUNNING)
    if job.cancel_requested_at is not None and job.state is not State.QUEUED and alive and task_id:
        stop_task(co, task_id, "the job was cancelled")
