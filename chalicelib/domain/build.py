"""A build: the jobs that one commit event made, as far as its verdict depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.verdict import Verdict

JOB_KEYS = "build/"
"""The beginning of the keys that jobs of builds are submitted under, once each; no caller's."""


class JobState(StrEnum):
    """A job of a build as the build sees it."""

    WAITING = "waiting"
    """Not submitted: what it needs has not ended, or nobody has looked since."""
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    SKIPPED = "skipped"
    """It will never run: something that it needs did not pass, or the build was cancelled."""


class BuildState(StrEnum):
    """What the commit shows. The last four are final."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BuildJob:
    """``verdict`` is there exactly when the state is finished."""

    state: JobState = JobState.WAITING
    verdict: Verdict | None = None
    needs: tuple[str, ...] = ()
    allow_failure: bool = False

    @property
    def good(self) -> bool:
        """It passed, or it may fail and did. Nobody's cancellation is a failure."""
        if self.verdict is Verdict.PASSED:
            return True
        return self.allow_failure and self.verdict not in (None, Verdict.CANCELLED)

    @property
    def over(self) -> bool:
        """It has run, or never will."""
        return self.state in (JobState.FINISHED, JobState.SKIPPED)


Jobs = Mapping[str, BuildJob]
"""By name, in the order of the file."""


@dataclass(frozen=True, slots=True)
class BuildDecision:
    """``start`` and ``skip`` are names in the order given: apply them, then ask again."""

    state: BuildState
    start: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    rule: str = ""


def summary(jobs: Jobs) -> str:
    """``2 passed, 1 failed (allowed), 3 skipped``, for a status's one line."""
    counts: dict[str, int] = {}
    for job in jobs.values():
        word = job.verdict.value.replace("_", " ") if job.verdict else job.state.value
        if job.good and job.verdict is not Verdict.PASSED:
            word += " (allowed)"
        counts[word] = counts.get(word, 0) + 1
    order = ("passed", "failed", "timed out", "errored", "cancelled")
    words = sorted(counts, key=lambda word: [*order, word].index(word.removesuffix(" (allowed)")))
    return ", ".join(f"{counts[word]} {word}" for word in words) or "no jobs"
