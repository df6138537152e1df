"""One key below ``jobs``: a job, or one for each combination of its matrix."""

from __future__ import annotations

from collections.abc import Mapping as Names
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from chalicelib.repofile.commands import SHELLS, Commands
from chalicelib.repofile.complaints import misplaced, problems_of
from chalicelib.repofile.job_spec import job_spec
from chalicelib.repofile.matrix import Combination, Matrix, fill_in, read_matrix, title, variable
from chalicelib.repofile.model import Job
from chalicelib.repofile.names import shortened
from chalicelib.repofile.nodes import Entry, Mapping, as_data, with_defaults
from chalicelib.repofile.planned import CheckoutOptions, Phases, PlannedJob, Script
from chalicelib.repofile.problems import Mark, Misplaced, Problem, path_text
from chalicelib.repofile.repository_file import FileJob
from chalicelib.repofile.values import words

_NOT_FILLED_IN = ("setup", "script", "after", "matrix", "needs", "when")


@dataclass
class JobsOfKey:
    """What one key makes; without jobs there are problems."""

    jobs: list[FileJob] = field(default_factory=list)
    needs: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)


def read_job(key: str, entry: Entry, defaults: Mapping, env: Names[str, str | None]) -> JobsOfKey:
    """``env`` are the file's variables, which the job's own go over."""
    made = JobsOfKey()
    own = entry.value
    if not isinstance(own, Mapping):
        text = "must be a mapping with a 'script'"
        made.problems.append(Problem(own.mark, path_text(["jobs", key]), text))
        return made
    reading = _Reading(key, entry.key_mark, with_defaults(own, defaults), env)
    for combination in reading.matrix.combinations:
        reading.read(combination)
    made.jobs, made.needs = reading.jobs, reading.needs
    names = [each.job.name for each in made.jobs]
    for name in {name for name in names if names.count(name) > 1}:
        reading.complain(("matrix",), f"two of its combinations would be called {name!r}")
    # What came from the defaults is told there, once for all jobs.
    inherited = {path_text(["jobs", key, name]) for name in defaults.entries.keys() - own.entries}
    made.problems = [_at_defaults(problem, inherited, key) for problem in reading.problems]
    return made


def _at_defaults(problem: Problem, inherited: set[str], key: str) -> Problem:
    for where in inherited:
        if problem.where == where or problem.where.startswith((f"{where}.", f"{where}[")):
            return replace(problem, where="defaults" + problem.where[len(f"jobs.{key}") :])
    return problem


class _Reading:
    """One key's jobs while they are read."""

    def __init__(
        self, key: str, key_mark: Mark, node: Mapping, env: Names[str, str | None]
    ) -> None:
        self._key, self._env = key, env
        # The places of keys are found from a root that has nothing else in it.
        jobs = Mapping({key: Entry(key_mark, node)}, key_mark)
        self._root = Mapping({"jobs": Entry(key_mark, jobs)}, key_mark)
        self._path = ("jobs", key)
        self._data = as_data(node)
        self.jobs: list[FileJob] = []
        self.problems: list[Problem] = []
        self.needs: tuple[str, ...] = ()
        self._matrix_is_wrong = False
        self.matrix = Matrix(({},))
        self._read_graph()

    def complain(self, deeper: tuple[str, ...], wrong: ValueError | str) -> None:
        mistake = ValueError(wrong) if isinstance(wrong, str) else wrong
        self.problems.append(misplaced(mistake, self._root, [*self._path, *deeper]))

    def _read_graph(self) -> None:
        """What is needed even when the rest of the job is wrong."""
        try:
            self.needs = words(self._data.get("needs", ()))
        except ValueError:
            self.needs = ()  # the model says it
        if "matrix" in self._data:
            try:
                self.matrix = read_matrix(self._data.pop("matrix"))
            except ValueError as wrong:
                self.complain(("matrix",), wrong)
                self._matrix_is_wrong = True

    def read(self, combination: Combination) -> None:
        data = self._filled(combination)
        try:
            job = Job.model_validate(data)
            planned = _planned(self._key, job, combination, self._env)
            job_spec(planned, project="default")
        except ValidationError as error:
            self.problems += problems_of(error, Job, self._root, self._path)
            return
        except ValueError as wrong:
            self.complain((), wrong)
            return
        may_fail = job.allow_failure or self.matrix.may_fail(combination)
        line = self._root.mark.line
        planned = planned.model_copy(update={"line": line, "allow_failure": may_fail})
        self.jobs.append(FileJob(planned, job.needs, job.when))

    def _filled(self, combination: Combination) -> dict[str, Any]:
        """The job's data with the combination's values; a key that can't be filled is left out, so
        that the others are judged, too."""
        data: dict[str, Any] = {}
        for name, given in self._data.items():
            try:
                data[name] = given if name in _NOT_FILLED_IN else fill_in(given, combination)
            except ValueError as wrong:
                if not self._matrix_is_wrong:
                    self.complain((name,), wrong)
        return data


def _planned(
    key: str, job: Job, combination: Combination, env: Names[str, str | None]
) -> PlannedJob:
    checkout = job.checkout
    return PlannedJob(
        name=shortened(title(key, combination)),
        key=key,
        values=combination,
        phases=_phases(job),
        env={**env, **job.env, **{variable(name): each for name, each in combination.items()}},
        secrets=job.secrets,
        image=job.image,
        registry_credentials=job.registry_credentials,
        user=job.user,
        workdir=job.workdir,
        checkout=CheckoutOptions(
            depth=checkout.depth, submodules=checkout.submodules, lfs=checkout.lfs
        )
        if checkout.wanted
        else None,
        timeout_s=job.timeout,
        silence_timeout_s=job.silence_timeout,
        grace_s=job.grace,
        cpu=job.resources.cpu,
        memory_mib=job.resources.memory,
        arch=job.arch,
        capacity=job.capacity,
        retry_lost=job.retry_lost,
    )


def _phases(job: Job) -> Phases:
    setup, after = job.setup, job.after
    return Phases(
        setup=None if setup is None else _script("setup", setup, job.shell),
        script=_script("script", job.script, job.shell),
        after=None if after is None else _script("after", after, job.shell),
    )


def _script(phase: str, commands: Commands, shell: tuple[str, ...] | None) -> Script:
    if commands.is_list:
        if shell and shell[0].rpartition("/")[2] not in SHELLS:
            raise Misplaced(
                (phase,),
                f"a list of commands needs a shell, and {shell[0]!r} is none that Towline knows: "
                "write the commands as a block (with '|')",
            )
        return Script(text=commands.as_script(), argv=shell)
    if commands.block.startswith("#!"):
        return Script(text=commands.block, argv=_interpreter(phase, commands.block))
    return Script(text=commands.block, argv=shell)


def _interpreter(phase: str, block: str) -> tuple[str, ...]:
    """A ``#!`` line as the kernel reads it: a path, and all that follows as one word
    (execve(2))."""
    words = block[2:].partition("\n")[0].strip(" \t").replace("\t", " ").split(" ", 1)
    if not words[0].startswith("/"):
        raise Misplaced((phase,), "its #! line must name a program by its whole path")
    return (words[0], *(word for word in (words[1].strip(),) if word)) if words[1:] else (words[0],)
