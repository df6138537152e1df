"""The jobs of a ``.travis.yml``: rows of variables, ``jobs.include``, exclusions, allowed failures.

https://docs.travis-ci.com/user/build-matrix/ and /user/build-stages/ are what it follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.travis.script import PHASES
from chalicelib.repofile.travis.variables import Variables, one_job
from chalicelib.repofile.values import below, kind_of, short, switch, text

Path = tuple[str | int, ...]
DEFAULT_STAGE = "test"
_ARCHES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "arm64-graviton2": "arm64"}
_JOB_KEYS = ("name", "stage", "env", "os", "arch", "if", *PHASES)
_MATCHED = ("name", "stage", "env", "os", "arch")


@dataclass
class Entry:
    """One job; ``own`` are the keys that it has besides the file's."""

    path: Path
    row: str = ""
    name: str = ""
    stage: str = DEFAULT_STAGE
    os: str = "linux"
    arch: str = "x86_64"
    allow_failure: bool = False
    own: dict[str, Any] = field(default_factory=dict)
    leave_out: str = ""

    def fits(self, part: dict[str, str]) -> bool:
        return all(getattr(self, "row" if key == "env" else key) == part[key] for key in part)


class Warnings:
    """Collects what is ignored: paths from the file's root, and sentences."""

    def __init__(self) -> None:
        self.found: list[tuple[Path, str]] = []

    def add(self, path: Path, sentence: str) -> None:
        if (path, sentence) not in self.found:
            self.found.append((path, sentence))


def read_entries(
    data: dict[str, Any], variables: Variables, jobs_key: str, warnings: Warnings
) -> list[Entry]:
    """Raises ``Misplaced`` with a path from the file's root."""
    systems = _axis(data, "os", "linux")
    arches = _axis(data, "arch", "amd64")
    jobs = data.get(jobs_key, {})
    include_path: Path = (jobs_key, "include")
    if isinstance(jobs, tuple):  # an older way to write jobs.include
        jobs, include_path = {"include": jobs}, (jobs_key,)
    if not isinstance(jobs, dict):
        raise Misplaced((jobs_key,), f"must be a mapping, not {kind_of(jobs)}")
    included = _included(jobs.get("include", ()), include_path, warnings)
    first = Entry((), row=next(iter(variables.rows), ""), os=systems[0], arch=arches[0])
    # With nothing to multiply, jobs.include is all there is.
    multiplied = bool(variables.rows) or len(systems) > 1 or len(arches) > 1
    made: list[Entry] = []
    if multiplied or not included:
        made = [
            Entry(("script",), row=row, os=system, arch=arch)
            for system in systems
            for arch in arches
            for row in variables.rows or ("",)
        ]
    for part in _parts(jobs, "exclude", jobs_key, warnings):
        made = [entry for entry in made if not entry.fits(part)]
    made += _with_inherited(included, first, warnings)
    for part in _parts(jobs, "allow_failures", jobs_key, warnings):
        for entry in made:
            entry.allow_failure = entry.allow_failure or entry.fits(part)
    _ignore_the_rest(jobs, jobs_key, warnings)
    for entry in made:
        _judge(entry)
    return made


def _judge(entry: Entry) -> None:
    """Jobs that can't run here are left out, as running them would say nothing."""
    if entry.os != "linux":
        entry.leave_out = f"it is for {entry.os}, and Towline runs Linux"
    elif entry.arch not in _ARCHES:
        entry.leave_out = f"there is no {entry.arch} here, only amd64 and arm64"
    elif "if" in entry.own:
        entry.leave_out = "its condition 'if' is not understood"
    entry.arch = _ARCHES.get(entry.arch, entry.arch)


def _axis(data: dict[str, Any], key: str, usual: str) -> tuple[str, ...]:
    value = data.get(key)
    if not isinstance(value, tuple):
        return (usual,) if value is None else (below((key,), text, value),)
    found = tuple(below((key, index), text, item) for index, item in enumerate(value))
    return found or (usual,)


def _included(value: Any, path: Path, warnings: Warnings) -> list[tuple[Path, dict[str, Any]]]:
    if not isinstance(value, tuple):
        raise Misplaced(path, f"must be a list of jobs, not {kind_of(value)}")
    found = []
    for index, item in enumerate(value):
        where = (*path, index)
        if not isinstance(item, dict):
            raise Misplaced(where, f"must be a mapping with the job's keys, not {kind_of(item)}")
        for key in item:
            if key not in _JOB_KEYS:
                warnings.add((*where, key), f"{short(key)} is ignored")
        found.append((where, item))
    return found


def _with_inherited(
    included: list[tuple[Path, dict[str, Any]]],
    first: Entry,
    warnings: Warnings,
) -> list[Entry]:
    """A job of jobs.include has the first value of each axis, and the stage of the one before."""
    made: list[Entry] = []
    stage = DEFAULT_STAGE
    for path, item in included:
        entry = Entry(path, row=first.row, os=first.os, arch=first.arch, own=item)
        for key in ("name", "stage", "os", "arch"):
            if key in item:
                setattr(entry, key, below((*path, key), text, item[key]))
        stage = entry.stage = entry.stage.lower() if "stage" in item else stage
        if "env" in item:
            entry.row = _own_row(path, item["env"], warnings)
        made.append(entry)
    return made


def _own_row(path: Path, value: Any, warnings: Warnings) -> str:
    where = (*path, "env")

    def read(given: Any) -> tuple[str, ...]:
        return one_job(given, lambda inner, said: warnings.add((*where, *inner), said))

    return " ".join(below(where, read, value))


def _parts(
    jobs: dict[str, Any], key: str, jobs_key: str, warnings: Warnings
) -> list[dict[str, str]]:
    value = jobs.get(key, ())
    value = (value,) if isinstance(value, dict) else value
    if not isinstance(value, tuple):
        raise Misplaced((jobs_key, key), f"must be a list of mappings, not {kind_of(value)}")
    found = []
    for index, item in enumerate(value):
        path: Path = (jobs_key, key, index)
        if not isinstance(item, dict) or not item:
            raise Misplaced(path, f"must be a mapping such as {{env: 'A=1'}}, not {kind_of(item)}")
        unknown = [name for name in item if name not in _MATCHED]
        if unknown:
            # Judged by half of it, it would fit jobs that it does not mean.
            warnings.add(path, f"ignored: {short(unknown[0])} is not looked at here")
            continue
        found.append({name: _part_value(path, name, item[name], warnings) for name in item})
    return found


def _part_value(path: Path, name: str, value: Any, warnings: Warnings) -> str:
    if name == "env":
        return _own_row(path, value, warnings)
    given = below((*path, name), text, value)
    return given.lower() if name == "stage" else given


def _ignore_the_rest(jobs: dict[str, Any], jobs_key: str, warnings: Warnings) -> None:
    for key, value in jobs.items():
        if key == "fast_finish":
            if not _is_false(value):
                warnings.add((jobs_key, key), "fast_finish is ignored: a build waits for all jobs")
        elif key not in ("include", "exclude", "allow_failures"):
            warnings.add((jobs_key, key), f"{short(key)} is ignored")


def _is_false(value: Any) -> bool:
    try:
        return not switch(value)
    except ValueError:
        return False
