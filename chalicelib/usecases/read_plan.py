"""Read a commit's file at GitHub, and make a plan of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.build_record import BuildProblem
from chalicelib.github.client.errors import Misunderstood
from chalicelib.repofile.plan import plan
from chalicelib.repofile.planned import Event, Plan
from chalicelib.repofile.problems import FileError, Problem
from chalicelib.repofile.repository_file import (
    TOWLINE_FILE,
    TRAVIS_FILE,
    RepositoryFile,
    Schedule,
)

if TYPE_CHECKING:
    from chalicelib.github.client.repositories import Repositories
    from chalicelib.github.events import CommitEvent

MERGE_PAUSES_S = (1.0, 2.0, 4.0)
"""GitHub finds out in the background whether a pull request can be merged, mostly in seconds."""
MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Commit:
    """What is checked out, and the ref that has it."""

    sha: str
    ref: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """``file`` None: it is wrong, and ``problems`` say how; or, without them, there is none."""

    path: str = ""
    file: RepositoryFile | None = None
    problems: tuple[BuildProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """``plan`` None: the file is wrong, and ``problems`` say how. ``file`` '': there is none."""

    file: str
    plan: Plan | None
    problems: tuple[BuildProblem, ...] = ()
    schedules: tuple[Schedule, ...] | None = None
    """None: the file is wrong, so nobody knows."""


def commit_of(
    repository: Repositories, event: CommitEvent, sleep: Callable[[float], None]
) -> Commit:
    """What is built: of a pull request its merge, while it is this head's; else the head itself.

    Raises ``GitHubError``.
    """
    head = Commit(event.sha, event.ref)
    number, merge_ref = event.pull_request, event.merge_ref
    if number is None or merge_ref is None:
        return head
    for pause in (*MERGE_PAUSES_S, None):
        found = repository.pull_request(event.repository.name, number)
        if found.head.sha != event.sha or found.mergeable is False:
            return head
        if found.mergeable and found.merge_commit_sha:
            return Commit(found.merge_commit_sha, merge_ref)
        if pause is not None:
            sleep(pause)
    return head


def read_plan(repository: Repositories, event: CommitEvent, commit: Commit) -> ReadPlan:
    """The plan of the file at the commit. Raises ``GitHubError``."""
    found = read_file(repository, event.repository.name, commit.sha)
    if found.problems:
        return ReadPlan(found.path, None, found.problems)
    if found.file is None:
        reason = f"the commit has neither {TOWLINE_FILE} nor {TRAVIS_FILE}"
        return ReadPlan("", Plan(reason=reason), schedules=())
    warnings = tuple(
        _problem(found.path, each, "warning") for each in found.file.warnings[:MOST_PROBLEMS]
    )
    made = _plan(repository, found.file, event)
    return ReadPlan(found.path, made, warnings, found.file.schedules)


def read_file(repository: Repositories, name: str, sha: str) -> ReadFile:
    """The file at a commit: ``.towline.yml``, else ``.travis.yml``. Raises ``GitHubError``."""
    for path in (TOWLINE_FILE, TRAVIS_FILE):
        try:
            content = repository.file(name, path, sha)
        except Misunderstood as wrong:
            return ReadFile(path, None, (BuildProblem(path=path, text=str(wrong)),))
        if content is None:
            continue
        try:
            return ReadFile(path, _read(path, content))
        except FileError as error:
            found = error.problems[:MOST_PROBLEMS]
            return ReadFile(path, None, tuple(_problem(path, each, "failure") for each in found))
    return ReadFile()


def _read(path: str, content: bytes) -> RepositoryFile:
    # Imported here: YAML is read for a build alone.
    if path == TRAVIS_FILE:
        from chalicelib.repofile.travis.reader import read_travis

        return read_travis(content)
    from chalicelib.repofile.reader import read

    return read(content)


def _plan(repository: Repositories, file: RepositoryFile, event: CommitEvent) -> Plan:
    """Asks for what the event did not tell, and only if the file wants to know it."""
    message, paths, name = event.message, event.paths, event.repository.name
    if not message:
        message = repository.commit(name, event.sha).message
    wants_paths = any(when.paths for when in (file.when, *(each.when for each in file.jobs)))
    if paths is None and wants_paths and event.tag is None:
        if event.pull_request is not None:
            paths = repository.paths_of_pull_request(name, event.pull_request)
        elif event.base_sha is not None:
            paths = repository.paths_between(name, event.base_sha, event.sha)
    happened = Event(
        kind=event.kind,
        branch=event.branch,
        tag=event.tag,
        message=message,
        paths=paths,
        schedule=event.schedule,
        elsewhere=event.branch != event.repository.default_branch,
    )
    return plan(file, happened)


def _problem(path: str, found: Problem, level: str) -> BuildProblem:
    where = f"{found.where}: " if found.where else ""
    return BuildProblem.model_validate(
        {"path": path, "line": found.mark.line, "text": f"{where}{found.text}", "level": level}
    )
