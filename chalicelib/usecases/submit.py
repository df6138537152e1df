"""Accept a job: stored first, then its id goes to the queue."""

from __future__ import annotations

import hashlib
import logging

from chalicelib.domain.ids import new_id
from chalicelib.domain.job import Job
from chalicelib.domain.spec import JobSpec
from chalicelib.domain.transitions import new_job
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.context import about

MAX_SPEC_IN_TABLE = 16 * 1024
"""Bytes of spec kept in the table's item: each write of the item is billed by its whole size
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html), so a
large script is in S3 instead."""

log = logging.getLogger("towline.usecases")


def submit(
    co: Collaborators,
    spec: JobSpec,
    *,
    submitted_by: str,
    idempotency_key: str | None = None,
    rerun_of: str | None = None,
) -> Job:
    """Store a new job and send its id. The job is durable when this returns.

    With an idempotency key a repeat gives the first job again and starts nothing; another request
    under the same key raises ``IdempotencyMismatch``. Raises ``ServiceTrouble`` when the job could
    not be stored: then it was not accepted.
    """
    now = co.clock()
    text = spec.model_dump_json(exclude_defaults=True)
    job_id = new_id(now, co.random_bytes(10))
    fits = len(text.encode()) <= MAX_SPEC_IN_TABLE
    job = new_job(
        spec,
        job_id=job_id,
        now=now,
        submitted_by=submitted_by,
        rerun_of=rerun_of,
        spec_json=text if fits else None,
        spec_key=None if fits else co.specs.put(job_id, text),
    )
    stored, created = co.store.create(
        job,
        idempotency_key=idempotency_key,
        request_hash=_request_hash(text, rerun_of) if idempotency_key else "",
    )
    with about(stored.id):
        if not created:
            log.info("submitted again under the same key")
            return stored
        log.info("accepted for project %s", stored.project)
        co.meter.count("JobsSubmitted")
        send(co, stored.id)
    return stored


def load_spec(co: Collaborators, job: Job) -> JobSpec:
    """What was asked for. One more request only when the spec is too large for the table."""
    if job.spec is not None:
        return JobSpec.model_validate_json(job.spec)
    if job.spec_key is None:
        raise ServiceTrouble(f"job {job.id} has no spec, neither in the table nor in S3")
    return JobSpec.model_validate_json(co.specs.get(job.spec_key))


def send(co: Collaborators, job_id: str, *, delay_s: int = 0) -> bool:
    """Put the id on the queue. Failing is no error: the reaper sends what is in the table."""
    try:
        co.queue.send(job_id, delay_s=delay_s)
    except ServiceTrouble as trouble:
        log.warning("the id was not sent, the reaper will send it: %s", trouble)
        co.meter.count("SendFailed")
        return False
    return True


def _request_hash(spec_json: str, rerun_of: str | None) -> str:
    return hashlib.sha256(f"{rerun_of or ''}\0{spec_json}".encode()).hexdigest()
