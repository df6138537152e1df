"""A runner says that it is alive, and is told whether to go on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import transitions
from chalicelib.domain.decide import task_to_stop
from chalicelib.ports import Conflict, ServiceTrouble
from chalicelib.usecases.cancel import stop_task
from chalicelib.usecases.claim import LEASE_S, permit_body, refused
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.credentials import check_lease
from chalicelib.usecases.errors import RunnerRefused
from chalicelib.usecases.settle import settle

log = logging.getLogger("towline.usecases")


@dataclass(frozen=True, slots=True)
class HeartbeatRequest:
    """A running attempt, its lease and how many bytes its log has."""

    job_id: str
    attempt: int
    lease: str
    log_bytes: int


def heartbeat(co: Collaborators, request: HeartbeatRequest) -> dict[str, Any]:
    """``{"cancel", "permit"}``; renews the lease by one write. Repeatable.

    Once the claim's upload permit may have lived for half its time each answer carries a fresh
    one: permits cost no request, and an answer that is lost then costs nothing either. When none
    can be signed now the answer goes without: the runner's own lives on, and cancel must reach it.
    Raises ``RunnerRefused`` (401, 409, 410) or ``ServiceTrouble``.
    """
    nonce = lease_nonce(co, request.job_id, request.attempt, request.lease)
    now = co.clock()
    number = request.attempt
    change = transitions.renew(number, nonce, now=now, lease_s=LEASE_S, log_bytes=request.log_bytes)
    try:
        job = co.store.apply(request.job_id, change, now=now)
    except Conflict as conflict:
        raise refused(conflict.current, number, nonce) from None
    settled = settle(co, job)
    if settled.version != job.version:
        # It lived past its time limit and all allowances, so it was given up while it still beat.
        if task := task_to_stop(job):
            stop_task(co, task, "the job's time is over")
        raise refused(settled, number, nonce)
    attempt = job.current
    age_s = 0.0
    if attempt is not None and attempt.claimed_at is not None:
        age_s = (now - attempt.claimed_at).total_seconds()
    fresh = _fresh_permit(co, job.id, number) if age_s >= co.logs.permit_renew_after_s else None
    return {"cancel": job.cancel_requested_at is not None, "permit": fresh}


def _fresh_permit(co: Collaborators, job_id: str, attempt: int) -> dict[str, Any] | None:
    try:
        return permit_body(co.logs.permit(job_id, attempt))
    except ServiceTrouble as trouble:
        log.warning("no fresh upload permit now, the next heartbeat brings one: %s", trouble)
        co.meter.count("PermitsLate")
        return None


def lease_nonce(co: Collaborators, job_id: str, attempt: int, text: str) -> str:
    """The nonce in a lease that is this attempt's. Raises ``RunnerRefused`` (401)."""
    nonce = check_lease(co.server_key.key(), job_id, attempt, text)
    if nonce is None:
        co.meter.count("LeasesRefused")
        raise RunnerRefused(401, "bad_lease", "the lease is not one of this attempt")
    return nonce
