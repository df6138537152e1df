"""A build as GitHub is told of it: each name's outcome, a mark of it, and its details."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from chalicelib.domain.build import BuildState, JobState, summary
from chalicelib.domain.build_record import BuildEntry, BuildRecord
from chalicelib.domain.explain import explain
from chalicelib.domain.job import Job
from chalicelib.domain.verdict import Verdict
from chalicelib.github.outcome import Outcome, Phase
from chalicelib.github.statuses import PREFIX
from chalicelib.github.told import BuildTold, JobTold, Problem
from chalicelib.usecases.check_request import external_id
from chalicelib.usecases.view_keys import Viewed

BUILD = ""
"""The name of the build itself among the names of its jobs, none of which is empty."""
FEW = 20
"""GitHub takes 80 new statuses a minute and 500 an hour from one token, so a build of more jobs
tells of each only how it ended:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""

Link = Callable[[Viewed, str], str]
"""The address of a page that people without a token may open; '' where there is none."""

_VERDICTS = {
    BuildState.PASSED: Verdict.PASSED,
    BuildState.FAILED: Verdict.FAILED,
    BuildState.ERRORED: Verdict.ERRORED,
    BuildState.CANCELLED: Verdict.CANCELLED,
}
_PHASES = {
    JobState.WAITING: Phase.WAITING,
    JobState.QUEUED: Phase.QUEUED,
    JobState.RUNNING: Phase.RUNNING,
}


def prefix_of(build: BuildRecord) -> str:
    """What its names begin with. One commit may have been pushed, tagged, asked to be pulled, and
    be what schedules are due for."""
    if build.schedule is not None:
        return f"{PREFIX}-schedule/{build.schedule}"
    if build.pull_request is not None:
        return f"{PREFIX}-pr"
    return f"{PREFIX}-tag" if build.tag is not None else PREFIX


def marks(build: BuildRecord) -> dict[str, str]:
    """What GitHub should know, by name, as a digest each: another one is another thing to tell."""
    found = {}
    quiet = len(build.jobs) > FEW
    for name, entry in build.jobs.items():
        if entry.over or not quiet:
            outcome = job_outcome(build, entry)
            found[name] = _digest(outcome.phase, outcome.verdict, entry.job_id, entry.detail)
    told = build_outcome(build)
    problems = [each.model_dump_json() for each in build.problems]
    detail = "" if quiet and not build.final else summary(build.as_jobs)
    found[BUILD] = _digest(told.phase, told.verdict, build.detail, detail, *problems)
    return found


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def job_outcome(build: BuildRecord, entry: BuildEntry) -> Outcome:
    """How a job stands, for its reader."""
    if entry.state is JobState.FINISHED:
        return Outcome(
            Phase.FINISHED, entry.verdict, allowed=entry.allow_failure, in_setup=entry.in_setup
        )
    if entry.state is JobState.SKIPPED:
        if build.cancelled:
            return Outcome(Phase.FINISHED, Verdict.CANCELLED)
        return Outcome(Phase.BLOCKED)
    if build.held:
        return Outcome(Phase.HELD)
    return Outcome(_PHASES[entry.state])


def build_outcome(build: BuildRecord) -> Outcome:
    """How the build stands, for its reader."""
    if build.state in _VERDICTS:
        if not build.jobs and build.state is BuildState.FAILED:
            return Outcome(Phase.REFUSED)
        return Outcome(Phase.FINISHED, _VERDICTS[build.state])
    if build.held:
        return Outcome(Phase.HELD)
    return Outcome(Phase.RUNNING if build.state is BuildState.RUNNING else Phase.QUEUED)


def job_told(build: BuildRecord, name: str, job: Job | None, log_tail: str, link: Link) -> JobTold:
    """One job. ``job`` None: it was not submitted, or is gone."""
    entry = build.jobs[name]
    return JobTold(
        id=external_id(build, name),
        name=name,
        outcome=job_outcome(build, entry),
        url=link(Viewed.JOB, entry.job_id) if entry.job_id else link(Viewed.BUILD, build.id),
        detail=entry.detail,
        sentences=tuple(explain(job)) if job is not None and entry.over else (),
        started_at=entry.started_at,
        finished_at=entry.finished_at,
        log_tail=log_tail,
    )


def build_told(build: BuildRecord, link: Link) -> BuildTold:
    """The build, with what is known of its jobs here."""
    begun = [entry.started_at for entry in build.jobs.values() if entry.started_at]
    return BuildTold(
        id=external_id(build, None),
        outcome=build_outcome(build),
        url=link(Viewed.BUILD, build.id),
        detail=build.detail,
        jobs=tuple(job_told(build, name, None, "", link) for name in build.jobs),
        problems=tuple(
            Problem(each.path, each.line, each.text, each.level) for each in build.problems
        ),
        started_at=min(begun, default=None),
        finished_at=build.finished_at,
    )
