"""Run a job's spec again, as a new job."""

from __future__ import annotations

from chalicelib.domain.job import Job
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownJob
from chalicelib.usecases.submit import load_spec, submit


def rerun(
    co: Collaborators, job_id: str, *, submitted_by: str, idempotency_key: str | None = None
) -> Job:
    """A new job with the same spec that names the first as ``rerun_of``.

    Not repeatable without an idempotency key: each call makes another job. Secrets are read when
    the new job is claimed. Raises ``UnknownJob`` and what ``submit`` raises.
    """
    first = co.store.get(job_id)
    if first is None:
        raise UnknownJob(job_id)
    return submit(
        co,
        load_spec(co, first),
        submitted_by=submitted_by,
        idempotency_key=idempotency_key,
        rerun_of=first.id,
        restricted=first.restricted,
    )
