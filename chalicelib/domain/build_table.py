"""A build's verdict, and what becomes of the jobs that wait for others: two tables.

Pure, as ``decide`` is: the same jobs give the same answer, however often and by whomever it is
asked, so the last job's end may be seen twice, or by two Lambdas at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from chalicelib.domain.build import BuildDecision, BuildJob, BuildState, Jobs, JobState
from chalicelib.domain.verdict import Verdict


class Move(StrEnum):
    """What becomes of a job that waits."""

    START = "start"
    SKIP = "skip"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Build:
    """The jobs, and whether the build is being cancelled."""

    jobs: Jobs
    cancelled: bool

    def any_is(self, *states: JobState) -> bool:
        return any(job.state in states for job in self.jobs.values())

    @property
    def unfinished(self) -> bool:
        return not all(job.over for job in self.jobs.values())

    def counts(self, *verdicts: Verdict) -> bool:
        """A job that may not fail has one of these; a cancellation counts for every job."""
        return any(job.verdict in verdicts and not job.good for job in self.jobs.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """One job that waits, and its build."""

    build: Build
    job: BuildJob

    @property
    def needed(self) -> list[BuildJob]:
        return [self.build.jobs[name] for name in self.job.needs]


C = TypeVar("C", Build, Waiting)
R = TypeVar("R", BuildState, Move)


@dataclass(frozen=True, slots=True)
class Rule(Generic[C, R]):
    """One row. ``when`` and ``then`` say in words what ``holds`` and ``outcome`` do."""

    name: str
    when: str
    then: str
    holds: Callable[[C], bool]
    outcome: R


JOB_RULES: tuple[Rule[Waiting, Move], ...] = (
    Rule(
        "cancelled",
        "the build is being cancelled",
        "skip it",
        lambda waiting: waiting.build.cancelled,
        Move.SKIP,
    ),
    Rule(
        "need_not_met",
        "a job that it needs was skipped, or finished otherwise than `passed` and not with "
        "`allow_failure` (a cancellation is never allowed)",
        "skip it",
        lambda waiting: any(need.over and not need.good for need in waiting.needed),
        Move.SKIP,
    ),
    Rule(
        "needs_met",
        "all jobs that it needs are finished",
        "start it",
        lambda waiting: all(need.over for need in waiting.needed),
        Move.START,
    ),
    Rule("needs_open", "anything else", "wait", lambda _: True, Move.STAY),
)

BUILD_RULES: tuple[Rule[Build, BuildState], ...] = (
    Rule(
        "under_way",
        "a job is running, or some have finished and others have not",
        "`running`",
        lambda build: (
            build.any_is(JobState.RUNNING) or (build.any_is(JobState.FINISHED) and build.unfinished)
        ),
        BuildState.RUNNING,
    ),
    Rule(
        "not_begun",
        "a job is queued or waits",
        "`pending`",
        lambda build: build.unfinished,
        BuildState.PENDING,
    ),
    Rule(
        "failed",
        "a job without `allow_failure` is `failed` or `timed_out`",
        "`failed`: that is what the commit's author needs to know first",
        lambda build: build.counts(Verdict.FAILED, Verdict.TIMED_OUT),
        BuildState.FAILED,
    ),
    Rule(
        "errored",
        "a job without `allow_failure` is `errored`",
        "`errored`",
        lambda build: build.counts(Verdict.ERRORED),
        BuildState.ERRORED,
    ),
    Rule(
        "cancelled",
        "a job is `cancelled`, or was skipped as the build was cancelled",
        "`cancelled`",
        lambda build: build.counts(Verdict.CANCELLED) or build.any_is(JobState.SKIPPED),
        BuildState.CANCELLED,
    ),
    Rule(
        "passed",
        "anything else: every job passed, or failed with `allow_failure`",
        "`passed`",
        lambda _: True,
        BuildState.PASSED,
    ),
)


def build_verdict(jobs: Jobs, *, cancelled: bool = False) -> BuildDecision:
    """The build's state, and what to do with the jobs that wait.

    ``cancelled``: somebody, or a newer push, asked to cancel the build. Needs must name jobs of
    the build and have no circles, which the repository's file is checked for. Raises ``KeyError``
    for a need that is no job, ``ValueError`` for a verdict in a state without one.
    """
    for name, job in jobs.items():
        if (job.verdict is not None) != (job.state is JobState.FINISHED):
            raise ValueError(f"job {name!r} is {job.state} with the verdict {job.verdict}")
    judged = dict(jobs)
    skipped: list[str] = []
    # A skip makes others: whatever needs a skipped job is skipped in the same answer.
    while more := _moved(Build(judged, cancelled), Move.SKIP):
        skipped += more
        for name in more:
            job = judged[name]
            judged[name] = BuildJob(JobState.SKIPPED, None, job.needs, job.allow_failure)
    build = Build(judged, cancelled)
    rule = _first(BUILD_RULES, build)
    in_order = tuple(name for name in jobs if name in skipped)
    return BuildDecision(rule.outcome, tuple(_moved(build, Move.START)), in_order, rule.name)


def _moved(build: Build, move: Move) -> list[str]:
    return [
        name
        for name, job in build.jobs.items()
        if job.state is JobState.WAITING and _first(JOB_RULES, Waiting(build, job)).outcome is move
    ]


def _first(rules: Sequence[Rule[C, R]], case: C) -> Rule[C, R]:
    return next(rule for rule in rules if rule.holds(case))


def as_markdown() -> str:
    """Both tables as docs/repository-file.md shows them."""
    lines = ["### A job that waits for others", "", *_table(JOB_RULES)]
    return "\n".join([*lines, "### The build", "", *_table(BUILD_RULES)])


def _table(rules: Sequence[Rule[Any, Any]]) -> list[str]:
    rows = [
        f"| {number} | `{rule.name}` | {rule.when} | {rule.then} |"
        for number, rule in enumerate(rules, 1)
    ]
    return ["| # | Rule | When | Then |", "|---|---|---|---|", *rows, ""]
