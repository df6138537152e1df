"""A repository whose file has a schedule, and what the reaper and the builder make of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.timetable import TimetableEntry
from tests.fakes.github_server.payloads import push
from tests.usecases.build_world import SHA, BuildWorld, new_build_world

JOB = "jobs:\n  a:\n    script: x\n"
FILE = f"{JOB}schedule:\n  nightly: {{cron: '30 3 * * *'}}\n"
DUE = datetime(2026, 1, 2, 3, 30, tzinfo=UTC)
"""The world's clock begins 26 minutes before."""
PROJECT = "octo/web"


@contextmanager
def new_schedule_world() -> Iterator[BuildWorld]:
    """The file is at the default branch's head, and nobody has told of it yet."""
    with new_build_world() as made:
        made.with_token()
        at_head(made, FILE)
        yield made


def at_head(world: BuildWorld, file: str, sha: str = SHA, branch: str = "main") -> None:
    """The branch's head has this file."""
    world.commit(file, sha=sha)
    world.repository.commits[f"heads/{branch}"] = world.repository.commits[sha]


def learn(world: BuildWorld, sha: str = SHA) -> None:
    """The head is pushed; its own build is of no interest."""
    world.deliver("push", push(world.repository, sha))
    world.build_all()


def entries(world: BuildWorld) -> list[TimetableEntry]:
    found = world.dispatcher.timetable(PROJECT)
    return list(found.entries) if found is not None else []


def pass_at(world: BuildWorld, moment: datetime) -> list[str]:
    """A pass of the reaper at that time, and what the builder makes of it."""
    world.now = moment
    world.dispatcher.reap()
    return world.build_all()


def scheduled(world: BuildWorld) -> list[BuildRecord]:
    found = world.dispatcher.builds(PROJECT, limit=50).builds
    return [build for build in found if build.kind == "schedule"]
