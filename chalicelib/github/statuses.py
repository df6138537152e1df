"""Commit statuses: https://docs.github.com/en/rest/commits/statuses#create-a-commit-status

One for the build, ``towline``, and one for each job, ``towline/<job>``. All a token without an App
can set.
"""

from __future__ import annotations

import hashlib
from typing import Any

from chalicelib.domain.quantities import format_duration
from chalicelib.domain.verdict import Verdict
from chalicelib.github.markdown import basic, cut, one_line
from chalicelib.github.outcome import Outcome, Phase, shown
from chalicelib.github.told import BuildTold, JobTold, Problem, seconds_of

PREFIX = "towline"
MOST_DESCRIPTION = 140
"""GitHub refuses a longer one ("description is too long (maximum is 140 characters)")."""
MOST_NAME = 255
"""Of a context, and of a check run."""
_DIGITS = 8


def name_of(job: str | None, prefix: str = PREFIX) -> str:
    """The status's context, and the check run's name: of the build without ``job``.

    A name that is too long ends with a digest of the whole, so that two stay two.
    """
    if job is None:
        return prefix
    name = f"{prefix}/{basic(one_line(job))}"
    if len(name) <= MOST_NAME:
        return name
    digest = hashlib.sha256(job.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
    return f"{name[: MOST_NAME - _DIGITS - 1]}~{digest}"


def job_status(job: JobTold, prefix: str = PREFIX) -> dict[str, Any]:
    """What is sent for one job. Pure."""
    return _status(job, name_of(job.name, prefix), job.detail)


def build_status(build: BuildTold, prefix: str = PREFIX) -> dict[str, Any]:
    """What is sent for the build. Pure."""
    return _status(build, name_of(None, prefix), build_words(build))


def title(outcome: Outcome, detail: str, seconds: float | None) -> str:
    """``Failed in 12s: the script ended with code 3``; at most 140 characters."""
    # "Failed in 12s, which is allowed"
    words, comma, more = shown(outcome).words.partition(",")
    took = outcome.phase is Phase.FINISHED and seconds is not None
    within = f" in {format_duration(round(seconds or 0))}" if took else ""
    why = basic(one_line(detail)).rstrip(".")
    return cut(f"{words}{within}{comma}{more}" + (f": {why}" if why else ""), MOST_DESCRIPTION)


def build_words(build: BuildTold) -> str:
    """What there is to say of a build beside its verdict: its own words, or which jobs are bad."""
    if not build.jobs:
        return build.detail or next(map(_placed, build.problems), "")
    verdict = build.outcome.verdict
    if verdict is None:
        done = sum(job.outcome.phase is Phase.FINISHED for job in build.jobs)
        return build.detail or f"{done} of {len(build.jobs)} jobs finished"
    bad = [job.name for job in build.jobs if counts_against(job.outcome)]
    if verdict is Verdict.CANCELLED and build.detail:
        return build.detail
    if not bad:
        return build.detail or (f"{len(build.jobs)} jobs" if len(build.jobs) > 1 else "")
    # Its own words are why it was cancelled; it is not failed for that.
    more = f"; {build.detail}" if build.detail else ""
    return f"{len(bad)} of {len(build.jobs)} jobs did not pass: {', '.join(bad)}{more}"


def counts_against(outcome: Outcome) -> bool:
    """Whether a job is a reason for its build not to have passed."""
    if outcome.phase is Phase.FINISHED:
        allowed = outcome.allowed and outcome.verdict is not Verdict.CANCELLED
        return outcome.verdict is not Verdict.PASSED and not allowed
    return outcome.phase in (Phase.BLOCKED, Phase.REFUSED)


def _placed(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}: {problem.text}"


def _status(told: JobTold | BuildTold, context: str, detail: str) -> dict[str, Any]:
    status = {
        "state": shown(told.outcome).status,
        "context": context,
        "description": title(told.outcome, detail, seconds_of(told)),
    }
    # GitHub refuses an address that is none; '' means that there is no page.
    return {**status, "target_url": told.url} if told.url else status
