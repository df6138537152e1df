"""Run a build's jobs again: as a new build, so that no verdict that was given changes."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.build import BuildState, JobState
from chalicelib.domain.build_record import BuildEntry, BuildRecord
from chalicelib.domain.verdict import Verdict
from chalicelib.usecases.advance import advance
from chalicelib.usecases.build_side import BACKSTOP, build_side
from chalicelib.usecases.cancel_build import get_build
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import BuildRefused


def rerun_build(
    co: Collaborators, build_id: str, *, new_id: str, only: Iterable[str] | None = None
) -> BuildRecord:
    """A new build of the same commit and file. Repeatable under the same ``new_id``.

    ``only``: names of jobs to run again, with those that need them; the others keep their results.
    None: all. Raises ``UnknownBuild``, and ``BuildRefused`` while it runs or without jobs.
    """
    side = build_side(co)
    existing = side.store.get(new_id)
    if existing is None:
        first = get_build(co, build_id)
        if not first.final:
            raise BuildRefused(f"build {build_id} is not over: cancel it first, or wait")
        if not first.jobs:
            raise BuildRefused(f"build {build_id} has no jobs: push a commit with another file")
        made = _again(co, first, new_id, set(first.jobs) if only is None else set(only))
        existing, _ = side.store.create(made, due_at=co.clock() + BACKSTOP)
    return advance(co, existing.id) or existing


def not_passed(build: BuildRecord) -> list[str]:
    """Names of the jobs that did not pass."""
    return [name for name, job in build.jobs.items() if job.verdict is not Verdict.PASSED]


def _again(co: Collaborators, first: BuildRecord, new_id: str, names: set[str]) -> BuildRecord:
    names &= set(first.jobs)
    grown = True
    while grown:
        needing = {n for n, job in first.jobs.items() if names & set(job.needs)} - names
        # What was skipped never ran, so it can't keep a result.
        skipped = {n for n, job in first.jobs.items() if job.state is JobState.SKIPPED} - names
        grown = bool(needing | skipped)
        names |= needing | skipped
    now = co.clock()
    return first.model_copy(
        update={
            "id": new_id,
            "version": 1,
            "rerun_of": first.id,
            "cancelled": False,
            "cancels_before": False,
            "detail": "",
            "state": BuildState.PENDING,
            "jobs": {
                name: BuildEntry(needs=job.needs, allow_failure=job.allow_failure)
                if name in names
                else job
                for name, job in first.jobs.items()
            },
            "created_at": now,
            "updated_at": now,
            "finished_at": None,
        }
    )
