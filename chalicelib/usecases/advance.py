"""Take a build as far as it can go now: look at its jobs, start and skip what waits, close it.

What may happen is a pure table (``domain.build_table``). Every effect is repeatable: a job is
submitted under a key made of build and name, and each write holds only over the version that was
read, so two at once, a duplicate and a crash between two effects all end the same.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pydantic import ValidationError

from chalicelib.build_ports import BuildChanged, BuildSide
from chalicelib.domain.build import JOB_KEYS, JobState
from chalicelib.domain.build_record import BuildEntry, BuildRecord
from chalicelib.domain.build_table import build_verdict
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Verdict
from chalicelib.ports import ServiceTrouble
from chalicelib.repofile.planned import PlannedJob
from chalicelib.usecases.build_side import BACKSTOP, build_side
from chalicelib.usecases.cancel import cancel
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import SpecRefused
from chalicelib.usecases.job_words import job_words
from chalicelib.usecases.submit import submit

ROUNDS = 100
"""Writes of one pass, those that came too late included."""
NO_JOB = "-"
MOST_STARTED = 20
"""Jobs submitted before the build is written; then it goes on with the others."""

log = logging.getLogger("towline.builds")

STATES = {
    State.QUEUED: JobState.QUEUED,
    State.STARTING: JobState.QUEUED,
    State.RUNNING: JobState.RUNNING,
    State.FINISHED: JobState.FINISHED,
}


def advance(co: Collaborators, build_id: str, job_id: str | None = None) -> BuildRecord | None:
    """The build as it is afterwards; None: there is none. ``job_id``: only that job has changed.

    Raises ``ServiceTrouble``.
    """
    side = build_side(co)
    plan: dict[str, PlannedJob] | None = None
    for _ in range(ROUNDS):
        build = side.store.get(build_id)
        if build is None or build.final:
            return build
        looked = {**build.jobs, **_looked_at(co, build, job_id)}
        seen = build.model_copy(update={"jobs": looked})
        if seen.cancelled:
            looked |= _cancelled(co, seen)
            seen = build.model_copy(update={"jobs": looked})
        decision = build_verdict(seen.as_jobs, cancelled=seen.cancelled)
        moved = dict(looked)
        for name in decision.skip:
            moved[name] = looked[name].model_copy(update={"state": JobState.SKIPPED})
        start = () if build.held else decision.start[:MOST_STARTED]
        if start and plan is None:
            plan = planned_jobs(co, build)
        for name in start:
            moved[name] = _started(co, side, seen, name, (plan or {})[name])
        after = build.model_copy(update={"jobs": moved})
        state = build_verdict(after.as_jobs, cancelled=build.cancelled).state
        after = after.model_copy(update={"state": state})
        if after == build:
            return build
        if _written(co, side, after):
            # All jobs were looked at; what is left is to start others.
            job_id = NO_JOB
    raise ServiceTrouble(f"build {build_id} is being changed all the time")


def planned_jobs(co: Collaborators, build: BuildRecord) -> dict[str, PlannedJob]:
    """What its file planned, by name."""
    from chalicelib.usecases.make_build import PLAN

    if build.plan_key is None:
        return {}
    return {job.name: job for job in PLAN.validate_json(co.specs.get(build.plan_key))}


def _written(co: Collaborators, side: BuildSide, build: BuildRecord) -> bool:
    now = co.clock()
    changes = {"version": build.version + 1, "updated_at": now}
    if build.final:
        changes["finished_at"] = now
        log.info("build %s of %s is over: %s", build.id, build.project, build.state.value)
    try:
        side.store.put(build.model_copy(update=changes), due_at=now + BACKSTOP)
    except BuildChanged:
        return False
    return True


def _looked_at(co: Collaborators, build: BuildRecord, job_id: str | None) -> dict[str, BuildEntry]:
    """The entries of jobs that may have changed, as those jobs are now."""
    found = {}
    for name, entry in build.jobs.items():
        if entry.job_id is None or entry.over or job_id not in (None, entry.job_id):
            continue
        job = co.store.get(entry.job_id)
        if job is not None:
            found[name] = _as_it_is(entry, job)
        else:
            found[name] = _lost(entry, "the job is no longer in the table")
    return found


def _as_it_is(entry: BuildEntry, job: Job) -> BuildEntry:
    begun = [attempt.claimed_at for attempt in job.attempts.values() if attempt.claimed_at]
    return entry.model_copy(
        update={
            "state": STATES[job.state],
            "verdict": job.verdict,
            "in_setup": job.setup_failed,
            "detail": job_words(job),
            "started_at": min(begun, default=None),
            "finished_at": job.finished_at,
        }
    )


def _lost(entry: BuildEntry, why: str) -> BuildEntry:
    return entry.model_copy(
        update={"state": JobState.FINISHED, "verdict": Verdict.ERRORED, "detail": why}
    )


def _cancelled(co: Collaborators, build: BuildRecord) -> Mapping[str, BuildEntry]:
    """End what runs. A job that ends at once is seen so, the others when they end."""
    found = {}
    for name, entry in build.jobs.items():
        if entry.job_id is not None and not entry.over:
            found[name] = _as_it_is(entry, cancel(co, entry.job_id))
    return found


def _started(
    co: Collaborators, side: BuildSide, build: BuildRecord, name: str, planned: PlannedJob
) -> BuildEntry:
    """The job submitted, or an entry that says why it can't be: ``errored``, as no script ran."""
    from chalicelib.usecases.build_spec import build_spec

    entry = build.jobs[name]
    try:
        spec = build_spec(build, planned, side.github.site())
        job = submit(
            co,
            spec,
            submitted_by=f"build {build.id}",
            idempotency_key=f"{JOB_KEYS}{build.id}/{name}",
            restricted=build.restricted,
            build=build.id,
            build_job=name,
        )
    except SpecRefused as refused:
        return _lost(entry, f"{refused.field}: {refused}")
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        return _lost(entry, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return _as_it_is(entry.model_copy(update={"job_id": job.id}), job)
