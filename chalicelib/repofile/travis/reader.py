"""``.travis.yml``: bytes in, a checked file and what is ignored of it out."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalicelib.repofile.complaints import misplaced
from chalicelib.repofile.document import load
from chalicelib.repofile.filters import When
from chalicelib.repofile.names import numbered
from chalicelib.repofile.nodes import Mapping, Word, as_data, find
from chalicelib.repofile.planned import CheckoutOptions, Phases, PlannedJob, Script
from chalicelib.repofile.problems import FileError, Misplaced, Problem, path_text
from chalicelib.repofile.repository_file import MAX_JOBS, FileJob, RepositoryFile
from chalicelib.repofile.travis.branches import Branches, read_branches
from chalicelib.repofile.travis.entries import Entry, Warnings, read_entries
from chalicelib.repofile.travis.script import PHASES, TravisPhases, travis_script
from chalicelib.repofile.travis.variables import Variables, read_variables
from chalicelib.repofile.values import below, deeper, kind_of, short, switch, text

_UNDERSTOOD = {"branches", "env", "git", "os", "arch", "jobs", "matrix", "stages", *PHASES}
# What a plain file may say and means nothing here, without a word.
_SILENT = {"language", "sudo", "dist", "group", "version", "osx_image"}
_PLAIN_LANGUAGES = ("generic", "minimal", "bash", "sh", "shell")
_IGNORED = {
    "services": "ignored: services are not supported yet, so a job that needs one will fail",
    "addons": "ignored: install what is needed in before_install, or choose an image that has it",
    "cache": "ignored: caches are not supported yet",
    "deploy": "ignored: nothing is deployed; put it into a job's script",
    "notifications": "ignored",
    "before_cache": "ignored: caches are not supported yet",
}
ENV = {"CI": "true", "TRAVIS": "true", "CONTINUOUS_INTEGRATION": "true"}


def read_travis(content: bytes) -> RepositoryFile:
    """Raises ``FileError``, and nothing else. ``warnings`` are in the order of lines."""
    root = load(content)
    if not isinstance(root, Mapping):
        raise FileError([Problem(root.mark, "", "must be a mapping with a 'script:'")])
    warnings = Warnings()
    try:
        jobs, branches = _read(root, warnings)
    except ValueError as wrong:
        raise FileError([misplaced(wrong, root, [])]) from None
    shown = [
        Problem(find(root, path).key, path_text(path), sentence)
        for path, sentence in warnings.found
    ]
    return RepositoryFile(jobs=jobs, refs=branches, warnings=tuple(sorted(shown)))


def _read(root: Mapping, warnings: Warnings) -> tuple[tuple[FileJob, ...], Branches]:
    data = {key: value for key, value in as_data(root).items() if not key.startswith((".", "x-"))}
    if "if" in data:
        raise Misplaced(
            ("if",), "conditions are not supported: use 'branches', or write a .towline.yml"
        )
    if "jobs" in data and "matrix" in data:
        raise Misplaced(("matrix",), "is another name of 'jobs', which is here, too")
    _ignore(data, warnings)
    branches = deeper("branches", read_branches, data.get("branches", {}))
    variables = Variables()
    if data.get("env") is not None:
        warn = partial(_warn_env, warnings)
        variables = deeper("env", lambda value: read_variables(value, warn), data["env"])
    file_phases = {key: deeper(key, _commands, data[key]) for key in PHASES if key in data}
    checkout = deeper("git", partial(_checkout, warnings), data.get("git", {}))
    jobs_key = "matrix" if "matrix" in data else "jobs"
    entries = read_entries(data, variables, jobs_key, warnings)
    return _jobs(root, entries, variables, file_phases, checkout, data, warnings), branches


def _warn_env(warnings: Warnings, path: tuple[str | int, ...], sentence: str) -> None:
    warnings.add(("env", *path), sentence)


def _jobs(
    root: Mapping,
    entries: list[Entry],
    variables: Variables,
    file_phases: dict[str, tuple[str, ...]],
    checkout: CheckoutOptions | None,
    data: dict[str, Any],
    warnings: Warnings,
) -> tuple[FileJob, ...]:
    kept = []
    for entry in entries:
        if entry.leave_out:
            warnings.add(entry.path, f"this job is left out: {entry.leave_out}")
        else:
            kept.append(entry)
    if not kept:
        raise Misplaced((), "no job is left: every one was excluded or can't run here")
    if len(kept) > MAX_JOBS:
        raise Misplaced((), f"makes {len(kept)} jobs; a build has at most {MAX_JOBS}")
    stages = _stages(data, kept)
    names = numbered(_title(entry) for entry in kept)
    made = []
    for stage in stages:
        before = tuple(stages[: stages.index(stage)][-1:])
        for entry, name in zip(kept, names, strict=True):
            if entry.stage == stage:
                phases = _phases_of(entry, file_phases, variables)
                job = _planned(root, entry, name, phases, checkout)
                made.append(FileJob(job, needs=before, when=When()))
    return tuple(made)


def _planned(
    root: Mapping, entry: Entry, name: str, phases: TravisPhases, checkout: CheckoutOptions | None
) -> PlannedJob:
    return PlannedJob(
        name=name,
        key=entry.stage,
        line=find(root, entry.path).key.line,
        allow_failure=entry.allow_failure,
        phases=Phases(script=Script(text=travis_script(phases)), marks_phases=True),
        env=dict(ENV),
        arch="arm64" if entry.arch == "arm64" else "x86_64",
        checkout=checkout,
    )


def _phases_of(
    entry: Entry, file_phases: dict[str, tuple[str, ...]], variables: Variables
) -> TravisPhases:
    own = {
        key: below((*entry.path, key), _commands, entry.own[key])
        for key in PHASES
        if key in entry.own
    }
    commands = {**file_phases, **own}
    if "script" not in commands:
        raise Misplaced(
            entry.path if entry.own else (),
            "has no 'script': Towline does not know what a language runs by default, so write it",
        )
    rows = (*variables.everywhere, *((entry.row,) if entry.row else ()))
    return TravisPhases(commands, rows)


def _title(entry: Entry) -> str:
    if entry.name:
        return entry.name
    details = [part for part in (entry.row, entry.arch if entry.arch != "x86_64" else "") if part]
    return f"{entry.stage} ({', '.join(details)})" if details else entry.stage


def _stages(data: dict[str, Any], entries: list[Entry]) -> list[str]:
    """In the order of the key ``stages``, then of their jobs."""
    given = data.get("stages", ())
    named = []
    for index, item in enumerate(given if isinstance(given, tuple) else (given,)):
        if isinstance(item, dict) and "if" in item:
            raise Misplaced(("stages", index, "if"), "conditions of stages are not supported")
        name = item.get("name") if isinstance(item, dict) else item
        named.append(below(("stages", index), text, name))
    used = {entry.stage for entry in entries}
    order = [stage.lower() for stage in named if stage.lower() in used]
    return list(dict.fromkeys([*order, *(entry.stage for entry in entries)]))


def _commands(value: Any) -> tuple[str, ...]:
    """One command or a list; ``skip`` stands for none, ``true`` and ``false`` for themselves."""
    items = value if isinstance(value, tuple) else (value,)
    if items == ("skip",):
        return ()
    made = []
    for index, item in enumerate(items):
        path = (index,) if isinstance(value, tuple) else ()
        if isinstance(item, dict):
            raise Misplaced(path, "': ' makes a mapping of this command: quote the whole of it")
        if not isinstance(item, Word):
            raise Misplaced(path, f"must be a command, not {kind_of(item)}")
        if item.strip():
            made.append(str(item))
    return tuple(made)


def _checkout(warnings: Warnings, value: Any) -> CheckoutOptions | None:
    if not isinstance(value, dict):
        raise ValueError(f"must be a mapping, not {kind_of(value)}")
    options: dict[str, Any] = {"depth": 50, "submodules": "recursive"}
    for key, given in value.items():
        if key == "depth":
            options["depth"] = deeper(key, _depth, given)
        elif key == "submodules":
            options["submodules"] = "recursive" if deeper(key, switch, given) else "none"
        elif key == "lfs_skip_smudge":
            options["lfs"] = not deeper(key, switch, given)
        elif key == "clone":
            if not deeper(key, switch, given):
                return None
        else:
            warnings.add(("git", key), f"{short(key)} is ignored")
    return CheckoutOptions(**options)


def _depth(value: Any) -> int:
    given = text(value)
    if given == "false":
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 6:
        raise ValueError(f"must be a number or false, not {short(given)}")
    return int(given)


def _ignore(data: dict[str, Any], warnings: Warnings) -> None:
    language = data.get("language")
    if language is not None and language not in _PLAIN_LANGUAGES:
        warnings.add(
            ("language",),
            f"ignored: nothing is installed for {short(str(language))}; the job's image must "
            "bring it",
        )
    for key, value in data.items():
        if key not in _UNDERSTOOD | _SILENT:
            warnings.add((key,), _IGNORED.get(key, _ignored_axis(value)))


def _ignored_axis(value: Any) -> str:
    if not isinstance(value, tuple) or len(value) < 2:
        return "ignored"
    count = len(value)
    return f"ignored: its {count} values don't make {count} jobs; .towline.yml has 'matrix' for it"
