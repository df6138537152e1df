"""What a status is made of: a job and a build as their reader is to see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.github.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a file of the repository, or something in it that is ignored (``warning``)."""

    path: str
    line: int
    text: str
    level: Literal["failure", "warning"] = "failure"


@dataclass(frozen=True, slots=True)
class JobTold:
    """``id`` is ours and returns with GitHub's buttons. Texts may hold anything a user wrote."""

    id: str
    name: str
    outcome: Outcome
    url: str
    detail: str = ""
    """Half a sentence on the verdict: ``the script ended with code 3``."""
    sentences: tuple[str, ...] = ()
    """The verdict explained (``domain.explain``)."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    log_tail: str = ""
    """The log's end, as it is: masked, but with all its control characters."""


@dataclass(frozen=True, slots=True)
class BuildTold:
    """``problems`` are of the repository's file; ``detail`` says what no job says."""

    id: str
    outcome: Outcome
    url: str
    detail: str = ""
    jobs: tuple[JobTold, ...] = ()
    problems: tuple[Problem, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None


def seconds_of(told: JobTold | BuildTold) -> float | None:
    """How long it took; None while that is not known."""
    if told.started_at is None or told.finished_at is None:
        return None
    return max(0.0, (told.finished_at - told.started_at).total_seconds())
