"""The first witness: what the runner saw. Stored, then decided on."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from chalicelib.domain import transitions
from chalicelib.domain.evidence import Report
from chalicelib.ports import Conflict
from chalicelib.usecases.claim import refused
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import RunnerRefused
from chalicelib.usecases.heartbeat import lease_nonce
from chalicelib.usecases.settle import settle

log = logging.getLogger("towline.usecases")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report and the lease that shows whose it is."""

    job_id: str
    attempt: int
    lease: str
    report: Report


def report(co: Collaborators, request: ReportRequest) -> None:
    """Store the report, then decide. Returning is the acknowledgement.

    The same report may come again. One that comes when its attempt is over is kept as evidence
    and acknowledged; no verdict changes. Raises ``RunnerRefused`` (401, 409, 410), or
    ``ServiceTrouble`` when the runner should send it again.
    """
    nonce = lease_nonce(co, request.job_id, request.attempt, request.lease)
    now = co.clock()
    number = request.attempt
    change = transitions.record_report(number, nonce, request.report, now=now)
    try:
        job = co.store.apply(request.job_id, change, now=now)
    except Conflict as conflict:
        current = conflict.current
        attempt = current.attempts.get(str(number)) if current else None
        if attempt is None or attempt.nonce != nonce:
            raise refused(current, number, nonce) from None
        raise RunnerRefused(
            409, "other_report", "this attempt has another report, which is kept"
        ) from None
    log.info("reported: ended by %s", request.report.ended_by.value)
    if job.attempt == number:
        settle(co, job)
