"""Accept a job: stored first, then its id goes to the queue."""

from __future__ import annotations

import hashlib
import logging

from chalicelib.domain.ids import new_id
from chalicelib.domain.job import Job
from chalicelib.domain.new_job import new_job
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.check_spec import check_spec
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.context import about
from chalicelib.usecases.errors import SpecRefused
from chalicelib.usecases.fit_spec import fit_spec

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
    restricted: bool = False,
    build: str | None = None,
    build_job: str | None = None,
) -> Job:
    """Store a new job and send its id. The job is durable when this returns.

    With an idempotency key a repeat gives the first job again and starts nothing; another request
    under the same key raises ``IdempotencyMismatch``. ``restricted``: a stranger's code, which has
    no secrets, no role and no registry login, and neither have its reruns. ``build`` and
    ``build_job`` say which job of which build it is. Raises ``SpecRefused``
    for what can't work or what its project does not allow, and ``ServiceTrouble`` when the job
    could not be stored: then it was not accepted.
    """
    now = co.clock()
    text = spec.model_dump_json(exclude_defaults=True)
    request_hash = _request_hash(text, rerun_of) if idempotency_key else ""
    project = co.projects.find(spec.project)
    try:
        spec = fit_spec(project, spec, restricted=restricted, pinned=rerun_of is not None)
        check_spec(co, spec)
    except SpecRefused:
        # What was accepted stays so, though its image is gone by the time of the repeat.
        name = project.name if project else spec.project
        first = idempotency_key and co.store.made_by(name, idempotency_key, request_hash, now=now)
        if not first:
            raise
        return first
    job_id = new_id(now, co.random_bytes(10))
    text = spec.model_dump_json(exclude_defaults=True)
    fits = len(text.encode()) <= MAX_SPEC_IN_TABLE
    job = new_job(
        spec,
        job_id=job_id,
        now=now,
        submitted_by=submitted_by,
        rerun_of=rerun_of,
        restricted=restricted,
        limited=project is not None and project.max_jobs is not None,
        build=build,
        build_job=build_job,
        spec_json=text if fits else None,
        spec_key=None if fits else co.specs.put(job_id, text),
    )
    stored, created = co.store.create(
        job,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
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
    """Of what was asked for, not of what the project made of it: its settings may change."""
    return hashlib.sha256(f"{rerun_of or ''}\0{spec_json}".encode()).hexdigest()
