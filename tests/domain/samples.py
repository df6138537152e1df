"""Jobs, attempts and evidence for the tests of the rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop
from chalicelib.domain.ids import new_id
from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.new_job import new_job
from chalicelib.domain.spec import JobSpec

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
JOB_ID = new_id(NOW, bytes(range(10)))
NONCE = "0" * 32
TASK = "task-1"


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def queued_job(**spec: Any) -> Job:
    """As it is right after it was accepted."""
    asked = JobSpec(**{"script": "true", **spec})
    return new_job(
        asked,
        job_id=JOB_ID,
        now=NOW,
        submitted_by="tester",
        spec_json=asked.model_dump_json(),
        spec_key=None,
    )


def job_with(attempt: Attempt, *, earlier: tuple[Attempt, ...] = (), **fields: Any) -> Job:
    """A job whose current attempt is this one: running when it was claimed, else starting."""
    state = State.RUNNING if attempt.nonce else State.STARTING
    attempts = {str(a.number): a for a in (*earlier, attempt)}
    update = {"state": state, "attempt": attempt.number, "attempts": attempts, **fields}
    return queued_job().model_copy(update=update)


def attempt(number: int = 1, *, claimed: bool = True, **fields: Any) -> Attempt:
    base: dict[str, Any] = {"number": number, "started_at": NOW, "launched_at": NOW}
    base |= {"task_id": TASK, "release": "registry.test/runner@sha256:" + "a" * 64}
    if claimed:
        base |= {"nonce": NONCE, "claimed_at": NOW, "lease_until": later(90)}
    return Attempt(**(base | fields))


def report(
    code: int | None = 0,
    *,
    signal: int | None = None,
    ended_by: EndedBy = EndedBy.SCRIPT,
    **fields: Any,
) -> Report:
    if ended_by in (EndedBy.NOT_STARTED, EndedBy.CHECKOUT_FAILED) or signal is not None:
        code = None
    return Report(exit=ProcessExit(code=code, signal=signal), ended_by=ended_by, **fields)


def stop(exit_code: int | None = 0, *, version: int = 5, **fields: Any) -> Stop:
    return Stop(**{"task_id": TASK, "version": version, "exit_code": exit_code, **fields})


def judged(
    told: Report | None = None, seen: Stop | None = None, *, claimed: bool = True, **fields: Any
) -> Job:
    """A job under way with this evidence."""
    evidence: dict[str, Any] = {"report": told, "stop": seen}
    if told is not None:
        evidence["reported_at"] = later(10)
    return job_with(attempt(claimed=claimed, **evidence), **fields)
