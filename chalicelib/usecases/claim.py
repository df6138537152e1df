"""A runner exchanges its token for the job: once per attempt, however often the answer is lost."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import transitions
from chalicelib.domain.ci_variables import ci_variables
from chalicelib.domain.decide import errored
from chalicelib.domain.job import Job, State
from chalicelib.domain.spec import JobSpec
from chalicelib.domain.verdict import Cause
from chalicelib.ports import Conflict, NoCheckoutToken, UploadPermit
from chalicelib.usecases.checkout_tokens import SecretTokens
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.credentials import check_claim_token, lease
from chalicelib.usecases.errors import RunnerRefused
from chalicelib.usecases.settle import carry_out
from chalicelib.usecases.submit import load_spec

PROTOCOL = 1
HEARTBEAT_S = 30
LEASE_S = 90
"""Three heartbeats: two may be lost before the reaper asks the backend."""
DRAIN_S = 2.0
"""How long a runner reads on after the script's end while a background process holds its output."""

log = logging.getLogger("towline.usecases")


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a runner shows to get its job."""

    job_id: str
    token: str
    nonce: str
    """32 hex digits, made once per runner process."""


def claim(co: Collaborators, request: ClaimRequest) -> dict[str, Any]:
    """The job's work, limits, lease and upload permit, as docs/protocol.md lays it out.

    The same nonce gets the same again. Raises ``RunnerRefused`` (401, 409, 410), or
    ``ServiceTrouble`` when the runner should ask again.
    """
    key = co.server_key.key()
    number = check_claim_token(key, request.job_id, request.token)
    if number is None:
        co.meter.count("ClaimsRefused", reason="bad_token")
        raise RunnerRefused(401, "bad_token", "the claim token is not one of this job")
    now = co.clock()
    change = transitions.claim(number, request.nonce, now=now, lease_s=LEASE_S)
    try:
        job = co.store.apply(request.job_id, change, now=now)
    except Conflict as conflict:
        refusal = refused(conflict.current, number, request.nonce)
        co.meter.count("ClaimsRefused", reason=refusal.code)
        if refusal.status == 409:
            log.warning("a second runner tried to claim attempt %d and was refused", number)
        raise refusal from None
    spec = load_spec(co, job)
    secrets = _secrets(co, job, spec)
    checkout = _checkout(co, job, spec)
    return {
        "protocol": PROTOCOL,
        "job": job.id,
        "attempt": number,
        "lease": lease(key, job.id, number, request.nonce),
        "heartbeat_s": HEARTBEAT_S,
        "work": {**_work(job, spec, secrets), **checkout},
        "limits": _limits(co, spec),
        "permit": permit_body(co.logs.permit(job.id, number)),
        "cancel": False,
    }


def refused(job: Job | None, number: int, nonce: str) -> RunnerRefused:
    """Why a runner's write did not hold, from the job as it is now."""
    attempt = job.attempts.get(str(number)) if job else None
    if attempt is not None and attempt.nonce is not None and attempt.nonce != nonce:
        return RunnerRefused(409, "other_runner", "another runner has this attempt")
    if job is None or attempt is None or job.attempt != number or job.state is State.FINISHED:
        return RunnerRefused(410, "over", "this attempt of the job is over")
    if job.cancel_requested_at is not None:
        return RunnerRefused(410, "cancelled", "the job was cancelled")
    return RunnerRefused(410, "over", "this attempt of the job can no longer be claimed")


def permit_body(permit: UploadPermit) -> dict[str, Any]:
    """A permit as the protocol sends it."""
    return {
        "url": permit.url,
        "fields": dict(permit.fields),
        "prefix": permit.prefix,
        "max_bytes": permit.max_bytes,
        "expires_in_s": permit.expires_in_s,
    }


def _secrets(co: Collaborators, job: Job, spec: JobSpec) -> dict[str, str]:
    if not spec.secrets or job.restricted:
        return {}
    found = co.secrets.get(job.project, spec.secrets)
    missing = [name for name in spec.secrets if name not in found]
    if not missing:
        return found
    detail = (
        f"project {job.project!r} has no secret named {', '.join(missing)}: "
        "store it, then run the job again"
    )
    raise _given_up(co, job, Cause.SECRET_MISSING, detail)


def _checkout(co: Collaborators, job: Job, spec: JobSpec) -> dict[str, Any]:
    """What the runner is to check out, with a token for it; empty without a checkout."""
    wanted = spec.checkout
    if wanted is None:
        return {}
    try:
        token = (co.checkout_tokens or SecretTokens(co.secrets)).token(job, wanted)
    except NoCheckoutToken as missing:
        raise _given_up(co, job, Cause.CHECKOUT_FAILED, str(missing)) from None
    body = wanted.model_dump(mode="json", exclude={"token_secret"})
    shown = None if token is None else {"username": token.username, "password": token.password}
    return {"checkout": {**body, "token": shown}}


def _given_up(co: Collaborators, job: Job, cause: Cause, detail: str) -> RunnerRefused:
    """End the job, which can't be run; what its runner is told."""
    try:
        carry_out(co, job, errored(job, cause, detail))
    except Conflict as conflict:
        log.info("the job changed while its secrets were fetched: %s", conflict)
    return RunnerRefused(410, cause.value, detail)


def _work(job: Job, spec: JobSpec, secrets: dict[str, str]) -> dict[str, Any]:
    script = spec.script_bytes
    env = dict(spec.env)
    if spec.checkout is not None:
        known = ci_variables(
            spec.checkout,
            job=job.id,
            attempt=job.attempt,
            project=job.project,
            build=job.build,
        )
        env = {**known, **env}
    return {
        "script": None if script is None else base64.b64encode(script).decode("ascii"),
        "command": None if spec.command is None else list(spec.command),
        "shell": None if spec.shell is None else list(spec.shell),
        "script_mode": spec.script_mode,
        "tells_phases": spec.tells_phases,
        "files": [file.model_dump(mode="json") for file in spec.files],
        "env": env,
        "secrets": secrets,
        "user": spec.user,
        "workdir": spec.workdir,
    }


def _limits(co: Collaborators, spec: JobSpec) -> dict[str, Any]:
    return {
        "timeout_s": spec.timeout_s,
        "silence_timeout_s": spec.silence_timeout_s,
        "grace_s": spec.grace_s,
        "log_limit_bytes": spec.log_limit_bytes,
        "flush_s": co.settings.flush_s,
        "drain_s": DRAIN_S,
    }
