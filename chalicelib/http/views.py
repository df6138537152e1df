"""What the API shows. Only what is named here leaves the service: no nonce, no hash, no spec."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.model import stamp
from chalicelib.domain.phases import phases
from chalicelib.domain.project_trouble import trouble_words
from chalicelib.ports import ApiToken, JobPage

if TYPE_CHECKING:
    from chalicelib.domain.project import Project
    from chalicelib.usecases.costs import CostPart
    from chalicelib.usecases.dispatcher import Dispatcher
    from chalicelib.usecases.read_log import LogPart

_JOB = {
    "id",
    "project",
    "name",
    "state",
    "verdict",
    "cause",
    "detail",
    "exit_code",
    "signal",
    "created_at",
    "updated_at",
    "finished_at",
    "cancel_requested_at",
    "queue_deadline",
    "timeout_s",
    "grace_s",
    "retry_lost",
    "image",
    "cpu",
    "memory_mib",
    "arch",
    "capacity",
    "rerun_of",
    "build",
    "submitted_by",
    "restricted",
    "waiting_since",
    "attempt",
}
_ATTEMPT = {
    "number",
    "release",
    "launch_try",
    "capacity",
    "task_id",
    "started_at",
    "launched_at",
    "claimed_at",
    "lease_until",
    "log_bytes",
    "report",
    "reported_at",
    "stop",
    "stop_seen_at",
    "cause",
    "detail",
}


def job_view(job: Job) -> dict[str, Any]:
    """A job with its attempts and their evidence, and how long each phase took in seconds."""
    view = job.model_dump(mode="json", include=_JOB)
    attempts = sorted(job.attempts.values(), key=lambda attempt: attempt.number)
    view["attempts"] = [_attempt_view(job, attempt) for attempt in attempts]
    first = attempts[0].started_at if attempts else job.finished_at
    view["durations"] = {
        "queued_s": _between(job.created_at, first),
        "total_s": _between(job.created_at, job.finished_at),
    }
    view["cost_usd"] = _cost(job)
    return view


def explained_job_view(job: Job, dispatcher: Dispatcher) -> dict[str, Any]:
    """As above, with ``explanation``: sentences that say what each witness saw and what to do; and
    while it waits for one of its project's slots, how many there are."""
    from chalicelib.domain.explain import explain

    waits = job.waiting_since is not None and job.state is State.QUEUED
    slots = {"slots": _slots(dispatcher, job.project)} if waits else {}
    return {**job_view(job), **slots, "explanation": explain(job)}


def project_view(project: Project, dispatcher: Dispatcher | None) -> dict[str, Any]:
    """A project's settings; with a dispatcher also how many slots are taken where there is a limit,
    and when its schedules are due."""
    view = project.model_dump(mode="json")
    if project.trouble is not None:
        view["trouble"]["words"] = trouble_words(project.trouble, project.name)
    if dispatcher is None:
        return view
    if project.max_jobs is not None:
        view["slots"] = _slots(dispatcher, project.name)
    timetable = dispatcher.timetable(project.name)
    entries = timetable.entries if timetable is not None else ()
    view["schedules"] = [entry.model_dump(mode="json") for entry in entries]
    if not project.enabled:
        for schedule in view["schedules"]:
            schedule["next_at"] = None
    return view


def _slots(dispatcher: Dispatcher, project: str) -> dict[str, Any]:
    found = dispatcher.slots(project)
    return {"taken": len(found.holders), "limit": found.limit}


def jobs_view(page: JobPage) -> dict[str, Any]:
    """A page of jobs; ``cursor`` is null on the last one."""
    return {"jobs": [job_view(job) for job in page.jobs], "cursor": page.cursor}


def costs_view(part: CostPart) -> dict[str, Any]:
    """A part of a sum by project; ``cursor`` is null on the last one."""
    from chalicelib.domain.cost_prices import READ_ON

    projects = [
        {
            "project": name,
            "jobs": found.jobs,
            "unfinished": found.unfinished,
            "unpriced": found.unpriced,
            "cost_usd": round(found.cost_usd, 6),
        }
        for name, found in sorted(part.projects.items())
    ]
    return {"projects": projects, "prices_of": READ_ON.isoformat(), "cursor": part.cursor}


def log_view(part: LogPart) -> dict[str, Any]:
    """Bytes of a log, base64, or a link to them. ``gap``: so many bytes before them never came."""
    return {
        "attempt": part.attempt,
        "offset": part.offset,
        "next_offset": part.next_offset,
        "data": base64.b64encode(part.data).decode("ascii"),
        "gap": part.gap,
        "complete": part.complete,
        "link": asdict(part.link) if part.link else None,
    }


def log_headers(part: LogPart) -> dict[str, str]:
    """What a redirect to a part of the log says of it: where its bytes begin, and what is next."""
    return {
        "X-Towline-Attempt": str(part.attempt),
        "X-Towline-Offset": str(part.link.begins if part.link else part.offset),
        "X-Towline-Next-Offset": str(part.next_offset),
        "X-Towline-Gap": str(part.gap),
        "X-Towline-Complete": "yes" if part.complete else "no",
    }


def token_view(token: ApiToken) -> dict[str, Any]:
    """A token as lists show it: not its hash, and its text nobody has."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": stamp(token.created_at),
        "expires_at": stamp(token.expires_at) if token.expires_at else None,
        "project": token.project,
    }


def _cost(job: Job) -> float | None:
    """What Fargate charges for it; None while it is not over, or when it ran elsewhere."""
    if job.state is not State.FINISHED:
        return None
    from chalicelib.domain.cost import job_cost_usd

    cost = job_cost_usd(job)
    return None if cost is None else round(cost, 6)


def _attempt_view(job: Job, attempt: Attempt) -> dict[str, Any]:
    """An attempt. ``script_s`` is the runner's word on the script alone, a part of ``run_s``."""
    view = attempt.model_dump(mode="json", include=_ATTEMPT)
    report = attempt.report
    view["durations"] = {
        **asdict(phases(job, attempt)),
        "script_s": _between_texts(report.started_at, report.ended_at) if report else None,
        "end_s": _between(attempt.reported_at, attempt.stop_seen_at),
    }
    return view


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    if begin is None or end is None:
        return None
    return max(0.0, round((end - begin).total_seconds(), 3))


def _between_texts(begin: str | None, end: str | None) -> float | None:
    """As above, for times as the witnesses wrote them: they are believed only when readable."""
    try:
        return _between(
            datetime.fromisoformat(begin) if begin else None,
            datetime.fromisoformat(end) if end else None,
        )
    except (ValueError, TypeError):
        return None
