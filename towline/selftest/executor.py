"""Runs one case as a real job through a service, and observes its end as a user would."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.verdict import Verdict
from towline.client.errors import Refused
from towline.client.service import LogPage
from towline.selftest.as_job import DEFAULT_TIMEOUT_S, job_spec
from towline.selftest.case import Case, Ending
from towline.selftest.compare import Observed, differences
from towline.selftest.log_reader import LogDigest, digest_log
from towline.selftest.place import Place

PATIENCE_S = 150.0
"""How long beyond a case's own bounds a verdict is waited for: a queue, a pull, a busy machine."""
CONFLICT = 409


class JobService(Protocol):
    """What the executor needs of a service; ``towline.client.service.Service`` has it."""

    def job(self, job_id: str) -> dict[str, Any]: ...

    def cancel(self, job_id: str) -> dict[str, Any]: ...

    def log_pages(
        self, job_id: str, offset: int, attempt: int | None = None
    ) -> Iterator[LogPage]: ...


Submit = Callable[[Case, dict[str, Any]], str]
"""Submits a case's job; its id."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case. No differences: it ended as it should."""

    case: Case
    differences: tuple[str, ...]
    job_id: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait: ``pause`` returns when a job may have changed, or after so many seconds."""

    pause: Callable[[float], object]
    clock: Callable[[], float] = time.monotonic


def run_case(
    case: Case, place: Place, service: JobService, submit: Submit, waiting: Waiting
) -> Result:
    """Run the case to its end and compare. Errors of the client are the caller's to see."""
    home = f"{place.home_base}/{uuid.uuid4().hex[:12]}/home"
    begun = waiting.clock()
    job_id = submit(case, job_spec(case, place, home))
    job = _wait(case, service, job_id, waiting)
    seconds = waiting.clock() - begun
    if job is None:
        bound = f"no verdict within {seconds:.0f} s"
        return Result(case, (bound,), job_id, seconds)
    log = digest_log(_pages(service, job_id))
    found = differences(case, _observed(job, log))
    found += _evidence_missing(job, log)
    return Result(case, tuple(found), job_id, seconds)


def _wait(case: Case, service: JobService, job_id: str, waiting: Waiting) -> dict[str, Any] | None:
    """The finished job; None when it does not finish. Cancels it when the case says so."""
    limits = case.limits
    own = max(limits.timeout_s or DEFAULT_TIMEOUT_S, limits.wall_s or 0)
    give_up = waiting.clock() + own + PATIENCE_S
    cancel_at: float | None = None
    cancelled = False
    while True:
        job = service.job(job_id)
        now = waiting.clock()
        if limits.cancel_after_s is not None and not cancelled:
            if cancel_at is None and job["state"] in ("running", "finished"):
                cancel_at = now + limits.cancel_after_s
            if cancel_at is not None and now >= cancel_at:
                cancelled = True
                _cancel(service, job_id)
                continue
        elif job["state"] == "finished":
            return job
        if now >= give_up:
            _cancel(service, job_id)
            return None
        soon = 1.0 if cancel_at is None or cancelled else max(0.0, cancel_at - now)
        waiting.pause(min(1.0, soon))


def _cancel(service: JobService, job_id: str) -> None:
    try:
        service.cancel(job_id)
    except Refused as refused:
        # A job that has ended can't be cancelled any more: some cases are about just that.
        if refused.status != CONFLICT:
            raise


def _pages(service: JobService, job_id: str) -> Iterator[tuple[bytes, int]]:
    offset, complete = 0, False
    while not complete:
        before = offset
        for page in service.log_pages(job_id, offset):
            complete = page.complete
            if page.data:
                yield page.data, page.gap
                offset = page.next_offset
        if offset == before:
            return


def _observed(job: dict[str, Any], log: LogDigest) -> Observed:
    reason = ": ".join(str(job[key]) for key in ("cause", "detail") if job.get(key))
    verdict = Verdict(job["verdict"])
    return Observed(
        ending=Ending(verdict, job.get("exit_code"), job.get("signal")),
        size=log.size,
        sha256=log.sha256,
        output=log.shown,
        seconds=_from_claim_to_verdict(job),
        detail=reason,
        phases=_phases(job),
    )


def _from_claim_to_verdict(job: dict[str, Any]) -> float:
    claimed = job["attempts"][-1].get("claimed_at") if job["attempts"] else None
    if not claimed or not job.get("finished_at"):
        return 0.0
    return (_moment(job["finished_at"]) - _moment(claimed)).total_seconds()


def _phases(job: dict[str, Any]) -> str:
    """When the script ended, its report came and the engine's word came, counted from the claim."""
    attempt = job["attempts"][-1] if job["attempts"] else {}
    report = attempt.get("report") or {}
    moments = {
        "script started": report.get("started_at"),
        "ended": report.get("ended_at"),
        "reported": attempt.get("reported_at"),
        "stopped": (attempt.get("stop") or {}).get("stopped_at"),
        "stop seen": attempt.get("stop_seen_at"),
    }
    claimed = attempt.get("claimed_at")
    if not claimed:
        return ""
    return ", ".join(
        f"{word} at {(_moment(moment) - _moment(claimed)).total_seconds():.1f} s"
        for word, moment in moments.items()
        if moment
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _evidence_missing(job: dict[str, Any], log: LogDigest) -> list[str]:
    """A verdict on the script needs both witnesses, and a log without holes."""
    found = []
    attempt = job["attempts"][-1] if job["attempts"] else {}
    if job["verdict"] in (Verdict.PASSED, Verdict.FAILED):
        if not attempt.get("report"):
            found.append("the runner's report is missing from the evidence")
        if (attempt.get("stop") or {}).get("exit_code") is None:
            found.append("the engine's exit code is missing from the evidence")
    if log.gap:
        found.append(f"{log.gap} bytes of the log never arrived")
    return found
