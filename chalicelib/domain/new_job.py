"""A job as it begins: queued, with its deadlines and what is known of its spec unread."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import deadlines
from chalicelib.domain.deadlines import after
from chalicelib.domain.job import Job
from chalicelib.domain.spec import JobSpec


def new_job(
    spec: JobSpec,
    *,
    job_id: str,
    now: datetime,
    submitted_by: str,
    rerun_of: str | None = None,
    restricted: bool = False,
    limited: bool = False,
    build: str | None = None,
    build_job: str | None = None,
    spec_json: str | None,
    spec_key: str | None,
) -> Job:
    """A queued job. Exactly one of ``spec_json`` and ``spec_key`` says where the spec is.

    Raises ``ValueError`` otherwise. ``sent_at`` is the time of the submission, as the id goes to
    the queue right after the job is stored; if it did not, the reaper sends it at ``due_at``.
    """
    if (spec_json is None) == (spec_key is None):
        raise ValueError("a job's spec is kept either in the job or under a key")
    return Job(
        id=job_id,
        project=spec.project,
        name=spec.name,
        created_at=now,
        updated_at=now,
        sent_at=now,
        due_at=after(now, deadlines.RESEND_S),
        queue_deadline=after(now, spec.queue_timeout_s),
        queue_timeout_s=spec.queue_timeout_s,
        spec=spec_json,
        spec_key=spec_key,
        timeout_s=spec.timeout_s,
        grace_s=spec.grace_s,
        retry_lost=spec.retry_lost,
        image=spec.image,
        cpu=spec.cpu,
        memory_mib=spec.memory_mib,
        arch=spec.arch,
        capacity=spec.capacity,
        rerun_of=rerun_of,
        submitted_by=submitted_by,
        restricted=restricted,
        limited=limited,
        build=build,
        build_job=build_job,
    )
