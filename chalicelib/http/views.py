"""What the API shows. Only what is named here leaves the service: no nonce, no hash, no spec."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from chalicelib.domain.job import Attempt, Job
from chalicelib.domain.model import stamp
from chalicelib.ports import ApiToken, JobPage
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
    "rerun_of",
    "submitted_by",
    "attempt",
}
_ATTEMPT = {
    "number",
    "release",
    "launch_try",
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
    view["attempts"] = [_attempt_view(attempt) for attempt in attempts]
    first = attempts[0].started_at if attempts else job.finished_at
    view["durations"] = {
        "queued_s": _between(job.created_at, first),
        "total_s": _between(job.created_at, job.finished_at),
    }
    return view


def explained_job_view(job: Job) -> dict[str, Any]:
    """As above, with ``explanation``: sentences that say what each witness saw and what to do."""
    from chalicelib.domain.explain import explain

    return {**job_view(job), "explanation": explain(job)}


def jobs_view(page: JobPage) -> dict[str, Any]:
    """A page of jobs; ``cursor`` is null on the last one."""
    return {"jobs": [job_view(job) for job in page.jobs], "cursor": page.cursor}


def log_view(part: LogPart) -> dict[str, Any]:
    """Bytes of a log, base64. ``gap``: so many bytes before them never arrived."""
    return {
        "attempt": part.attempt,
        "offset": part.offset,
        "next_offset": part.next_offset,
        "data": base64.b64encode(part.data).decode("ascii"),
        "gap": part.gap,
        "complete": part.complete,
    }


def token_view(token: ApiToken) -> dict[str, Any]:
    """A token as lists show it: not its hash, and its text nobody has."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": stamp(token.created_at),
        "expires_at": stamp(token.expires_at) if token.expires_at else None,
    }


def _attempt_view(attempt: Attempt) -> dict[str, Any]:
    view = attempt.model_dump(mode="json", include=_ATTEMPT)
    report, stop = attempt.report, attempt.stop
    view["durations"] = {
        "starting_s": _between(attempt.started_at, attempt.claimed_at),
        "pulling_s": _between_texts(stop.pull_started_at, stop.pull_stopped_at) if stop else None,
        "running_s": _between_texts(report.started_at, report.ended_at) if report else None,
        "ending_s": _between(attempt.reported_at, attempt.stop_seen_at),
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
