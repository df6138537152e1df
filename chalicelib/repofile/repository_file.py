"""A file that was read and checked, whichever kind it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.repofile.cron import Cron
from chalicelib.repofile.filters import When
from chalicelib.repofile.planned import PlannedJob
from chalicelib.repofile.problems import Problem

TOWLINE_FILE = ".towline.yml"
TRAVIS_FILE = ".travis.yml"
MAX_JOBS = 200


@dataclass(frozen=True, slots=True)
class FileJob:
    """One job of the file; ``needs`` are keys, each of which may stand for several jobs."""

    job: PlannedJob
    needs: tuple[str, ...] = ()
    when: When = field(default_factory=When)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A time at which a branch is built; no branch means the repository's default one."""

    name: str
    cron: Cron
    branch: str | None = None


class RefFilter(Protocol):
    """A filter of branches and tags that is not a list of patterns."""

    def why_not(self, name: str) -> str:
        """Why a branch or tag of this name is not built; empty when it is."""


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """Its jobs in the file's order. ``plan.plan`` makes a build of it.

    ``cancel_previous`` are patterns of branches. ``warnings`` are what is ignored, with lines.
    """

    jobs: tuple[FileJob, ...]
    when: When = field(default_factory=When)
    refs: RefFilter | None = None
    cancel_previous: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    warnings: tuple[Problem, ...] = ()
