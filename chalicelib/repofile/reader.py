"""``.towline.yml``: bytes in, a checked file out, or every problem in it with its line."""

from __future__ import annotations

import re

from pydantic import ValidationError

from chalicelib.repofile import needs
from chalicelib.repofile.complaints import misplaced, problems_of, unknown
from chalicelib.repofile.document import load
from chalicelib.repofile.job_reader import JobsOfKey, read_job
from chalicelib.repofile.matrix import fill_in
from chalicelib.repofile.model import DEFAULTABLE, Head, Job
from chalicelib.repofile.nodes import Mapping, Node, as_data, child, find
from chalicelib.repofile.problems import FileError, Problem, path_text
from chalicelib.repofile.repository_file import MAX_JOBS, RepositoryFile, Schedule

_JOB_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\Z")
_SCHEDULE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,49}\Z")
_APART = ("jobs", "defaults")


def read(content: bytes) -> RepositoryFile:
    """Raises ``FileError`` with all problems that were found, and nothing else."""
    root = load(content)
    if not isinstance(root, Mapping):
        raise FileError([Problem(root.mark, "", "must be a mapping that begins with 'jobs:'")])
    problems: list[Problem] = []
    head = _head(root, problems)
    defaults = _defaults(root, problems)
    jobs = _jobs(root, defaults, head, problems)
    problems += _graph(root, jobs)
    if problems or head is None:
        raise FileError(problems)
    return RepositoryFile(
        jobs=tuple(job for each in jobs.values() for job in each.jobs),
        when=head.when,
        cancel_previous=head.cancel_previous,
        schedules=tuple(
            Schedule(name, entry.cron, entry.branch) for name, entry in head.schedule.items()
        ),
    )


def _head(root: Mapping, problems: list[Problem]) -> Head | None:
    given = as_data(root)
    # Keys with "x-" are for anchors: what they hold counts where it is used.
    data = {key: value for key, value in given.items() if not key.startswith("x-")}
    data = {key: value for key, value in data.items() if key not in _APART}
    wrong = len(problems)
    for key in data:
        if key not in Head.model_fields:
            text = _unknown_at_the_top(key)
            problems.append(Problem(find(root, [key]).key, key, text))
    try:
        fill_in({key: data[key] for key in data if key in Head.model_fields}, None)
    except ValueError as mistake:
        problems.append(misplaced(mistake, root, []))
    try:
        head = Head.model_validate({key: data[key] for key in data if key in Head.model_fields})
    except ValidationError as error:
        problems += problems_of(error, Head, root, [])
        return None
    for name in head.schedule:
        if not _SCHEDULE_NAME.match(name):
            place = find(root, ["schedule", name]).key
            problems.append(Problem(place, f"schedule.{name}", _naming("schedule")))
    return head if len(problems) == wrong else None


def _unknown_at_the_top(key: str) -> str:
    known = [*Head.model_fields, *_APART]
    if key in Job.model_fields and key not in known:
        if key in DEFAULTABLE:
            return f"belongs to a job; for all jobs write it below 'defaults:' (defaults.{key})"
        return f"belongs to a job, below 'jobs:' and the job's name (jobs.NAME.{key})"
    return unknown(key, known)


def _naming(what: str) -> str:
    marks = "_ - and ." if what == "job" else "_ and -"
    return f"a {what}'s name has letters, digits, {marks}, and begins with a letter, a digit or _"


def _defaults(root: Mapping, problems: list[Problem]) -> Mapping:
    """What jobs have when they don't say otherwise; its values are judged in the jobs."""
    node = child(root, "defaults")
    empty = Mapping({}, root.mark)
    if node is None:
        return empty
    if not isinstance(node, Mapping):
        problems.append(Problem(node.mark, "defaults", "must be a mapping of keys to values"))
        return empty
    entries = {}
    for key, entry in node.entries.items():
        if key in DEFAULTABLE:
            entries[key] = entry
        else:
            hint = "write it at the top of the file" if key == "env" else "it is a job's own"
            text = hint if key in Job.model_fields else unknown(key, sorted(DEFAULTABLE))
            problems.append(Problem(entry.key_mark, f"defaults.{key}", text))
    return Mapping(entries, node.mark)


def _jobs(
    root: Mapping, defaults: Mapping, head: Head | None, problems: list[Problem]
) -> dict[str, JobsOfKey]:
    node = child(root, "jobs")
    if not isinstance(node, Mapping) or not node.entries:
        place = find(root, ["jobs"])
        text = "is missing: a file has 'jobs:' with a name for each, and a 'script' in it"
        if node is not None:
            text = "must be a mapping of names to jobs, with one at least"
        problems.append(Problem(place.value if node else root.mark, "jobs", text))
        return {}
    made: dict[str, JobsOfKey] = {}
    for key, entry in node.entries.items():
        if not _JOB_NAME.match(key):
            text = _naming("job")
            problems.append(Problem(entry.key_mark, path_text(["jobs", key]), text))
            continue
        env = head.env if head else {}
        made[key] = read_job(key, entry, defaults, env)
        problems += made[key].problems
    count = sum(len(each.jobs) for each in made.values())
    if count > MAX_JOBS:
        text = f"makes {count} jobs with all matrices; a build has at most {MAX_JOBS}"
        problems.append(Problem(find(root, ["jobs"]).key, "jobs", text))
    return made


def _graph(root: Node, jobs: dict[str, JobsOfKey]) -> list[Problem]:
    problems = []
    for job, index, text in needs.faults({key: each.needs for key, each in jobs.items()}):
        path: list[str | int] = ["jobs", job, "needs"]
        listed = find(root, [*path, index])
        where = [*path, index] if listed.complete else path
        problems.append(Problem(listed.value, path_text(where), text))
    return problems
