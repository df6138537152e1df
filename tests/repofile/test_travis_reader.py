"""``.travis.yml`` of the plain kind: jobs, variables, branches, and what is ignored, with lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repofile.plan import plan
from chalicelib.repofile.planned import Event
from chalicelib.repofile.problems import FileError
from chalicelib.repofile.repository_file import RepositoryFile
from chalicelib.repofile.travis.reader import read_travis


def read(text: str) -> RepositoryFile:
    return read_travis(text.encode())


def names(text: str) -> list[str]:
    return [each.job.name for each in read(text).jobs]


def script(text: str, index: int = 0) -> str:
    return read(text).jobs[index].job.phases.script.text


def warnings(text: str) -> list[str]:
    return [each.shown("f") for each in read(text).warnings]


def problem(text: str) -> str:
    with pytest.raises(FileError) as caught:
        read(text)
    return caught.value.problems[0].shown("f")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("script: x", ["test"]),
        ("script: x\nenv: A=1", ["test (A=1)"]),
        ("script: x\nenv: [A=1, A=2]", ["test (A=1)", "test (A=2)"]),
        ("script: x\nenv: {global: A=1}", ["test"]),
        ("script: x\nenv: {matrix: [A=1, A=2]}", ["test (A=1)", "test (A=2)"]),
        ("script: x\nenv: {jobs: [{A: 1, B: 'c d'}]}", ['test (A=1 B="c d")']),
        ("script: x\nenv: {A: 1, B: 2}", ["test (A=1 B=2)"]),
        ("script: x\narch: [amd64, arm64]", ["test", "test (arm64)"]),
        ("script: x\nos: [linux, osx]", ["test"]),
        ("script: x\nenv: [A=1, A=2]\njobs: {exclude: [{env: A=1}]}", ["test (A=2)"]),
        # Without anything to multiply, jobs.include is all there is.
        ("script: x\njobs: {include: [{name: one}, {name: two}]}", ["one", "two"]),
        ("script: x\nmatrix: {include: [{name: one}]}", ["one"]),
        ("script: x\njobs: [{name: one}]", ["one"]),
        (
            "script: x\nenv: [A=1, A=2]\njobs: {include: [{name: one}]}",
            ["test (A=1)", "test (A=2)", "one"],
        ),
        ("script: x\njobs: {include: [{env: A=1}, {env: A=1}]}", ["test (A=1)", "test (A=1) #2"]),
        ("script: x\njobs: {include: [{name: a}, {name: m, os: osx}]}", ["a"]),
        ("script: x\njobs: {include: [{name: a}, {name: c, if: tag IS present}]}", ["a"]),
    ],
)
def test_which_jobs_there_are(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_variables_are_set_in_travis_order_and_the_included_job_has_the_first_row() -> None:
    text = "script: x\nenv: {global: [G=1, H=2], jobs: [A=1, A=2]}\njobs: {include: [{name: n}]}"
    exports = [line for line in script(text, 2).splitlines() if line.startswith("eval 'export")]
    assert exports == ["eval 'export G=1", "eval 'export H=2", "eval 'export A=1"]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("A=1", "export A=1"),
        ("A=\"x y\" B='z'", "export A=\"x y\" B='z'"),
        ("{A: x y}", 'export A="x y"'),
        ("{A: $HOME/x}", "export A=$HOME/x"),
        ("{A: 'say \"x\" `id`'}", 'export A="say \\"x\\" \\`id\\`"'),
        ("{A: }", "export A="),
    ],
)
def test_variables_are_words_of_a_shell(env: str, expected: str) -> None:
    made = script(f"script: x\nenv:\n  jobs:\n    - {env}\n")
    assert f"eval {quoted_line(expected)}" in made


def quoted_line(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "\n'"


def test_a_job_of_its_own_replaces_phases_and_keeps_the_others() -> None:
    text = "install: i\nscript: [a, b]\njobs: {include: [{name: n, script: c, install: skip}]}"
    made = script(text)
    assert "eval 'c\n'" in made
    assert "eval 'a\n'" not in made
    assert "eval 'i\n'" not in made


def test_stages_follow_each_other() -> None:
    text = (
        "script: x\nstages: [check, Deploy, test]\njobs:\n  include:\n"
        "    - {stage: test, name: t1}\n    - {name: t2}\n"
        "    - {stage: deploy, name: d}\n    - {stage: check, name: c}\n"
    )
    file = read(text)
    made = plan(file, Event(branch="main"))
    assert {job.name: job.needs for job in made.jobs} == {
        "c": (), "d": ("c",), "t1": ("d",), "t2": ("d",)
    }  # fmt: skip


def test_jobs_that_may_fail_are_found_by_what_they_are() -> None:
    text = (
        "script: x\nenv: [A=1, A=2]\njobs:\n  include: [{name: n, arch: arm64}]\n"
        "  allow_failures: [{env: A=2}, {name: n}, {python: nightly}]\n"
    )
    assert [each.job.allow_failure for each in read(text).jobs] == [False, True, True]
    assert warnings(text) == [
        "f:5:43: jobs.allow_failures[3]: ignored: 'python' is not looked at here"
    ]


@pytest.mark.parametrize(
    ("branches", "fit", "unfit"),
    [
        ("{only: [master, dev]}", ["master"], ["other", "master2"]),
        ("{only: master}", ["master"], ["x"]),
        ("[master]", ["master"], ["x"]),
        ("{except: [old]}", ["master"], ["old", "gh-pages"]),
        ("{only: [gh-pages]}", ["gh-pages"], ["master"]),
        ("{only: ['/^v\\d+(\\.\\d+)*$/']}", ["v1", "v1.2.3"], ["v", "xv1", "v1x"]),
        ("{only: ['/^DEPLOY-.*/i']}", ["deploy-x", "Deploy-"], ["x-deploy-"]),
        ("{only: ['/fix/']}", ["a-fix-b"], ["fi"]),
        ("{except: ['/^(wip|tmp)\\//']}", ["x", "wip"], ["wip/a", "tmp/b"]),
        # "only" goes before "except".
        ("{only: [a], except: [a]}", ["a"], ["b"]),
    ],
)
def test_branches(branches: str, fit: list[str], unfit: list[str]) -> None:
    file = read(f"script: x\nbranches: {branches}\n")
    assert [name for name in fit if not plan(file, Event(branch=name)).jobs] == []
    assert [name for name in unfit if plan(file, Event(branch=name)).jobs] == []
    # Tags are judged by their names, too.
    assert plan(file, Event(tag=fit[0])).jobs
    assert not plan(file, Event(tag=unfit[0])).jobs


def test_without_branches_all_but_the_pages_are_built() -> None:
    file = read("script: x")
    assert plan(file, Event(branch="main")).jobs
    assert plan(file, Event(branch="gh-pages")).reason


def test_how_the_commit_is_fetched() -> None:
    def checkout(git: str) -> object:
        made = read(f"script: x\ngit: {git}\n").jobs[0].job.checkout
        return made and tuple(made.model_dump().values())

    assert checkout("{}") == (50, "recursive", False)
    assert checkout("{depth: 3, submodules: false}") == (3, "none", False)
    assert checkout("{depth: false, lfs_skip_smudge: false}") == (0, "recursive", True)
    assert checkout("{clone: false}") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("language: python", "f:2:1: language: ignored: nothing is installed for 'python'"),
        ("services: [mysql]", "f:2:1: services: ignored: services are not supported yet"),
        ("cache: pip", "f:2:1: cache: ignored"),
        ("python: [3.6, 3.7]", "its 2 values don't make 2 jobs"),
        ("notifications: {email: false}", "f:2:1: notifications: ignored"),
        ("env: {global: {secure: abc}}", "encrypted variables can't be read here"),
        ("env: [{A: {secure: abc}}]", "f:2:8: env[1].A: encrypted variables"),
        ("git: {quiet: true}", "f:2:7: git.quiet: 'quiet' is ignored"),
        ("jobs: {fast_finish: true}", "fast_finish is ignored"),
        ("jobs: {include: [{name: a, dist: xenial}]}", "jobs.include[1].dist: 'dist' is ignored"),
        ("os: [linux, osx]", "this job is left out: it is for osx, and Towline runs Linux"),
        ("arch: [amd64, s390x]", "this job is left out: there is no s390x here"),
    ],
)
def test_what_is_ignored_is_said_with_its_line(text: str, says: str) -> None:
    found = warnings(f"script: x\n{text}\n")
    assert len(found) == 1, found
    assert says in found[0]


@pytest.mark.parametrize("text", ["language: generic", "dist: xenial", "sudo: required", ".x: 1"])
def test_what_means_nothing_here_is_passed_over(text: str) -> None:
    assert warnings(f"script: x\n{text}\n") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "f:1:1: must be a mapping with a 'script:'"),
        ("language: python", "has no 'script': Towline does not know what a language runs"),
        ("jobs: {include: [{name: a}]}", "f:1:18: jobs.include[1]: has no 'script'"),
        ("script: [{a: b}]", "f:1:10: script[1]: ': ' makes a mapping of this command"),
        ("script: {a: b}", "': ' makes a mapping of this command"),
        ("script: x\nif: branch = a", "f:2:5: if: conditions are not supported"),
        ("script: x\nstages: [{name: a, if: b}]", "conditions of stages are not supported"),
        ("script: x\njobs: {}\nmatrix: {}", "is another name of 'jobs'"),
        ("script: x\njobs: a", "jobs: must be a mapping"),
        ("script: x\njobs: {include: a}", "jobs.include: must be a list of jobs"),
        ("script: x\njobs: {include: [a]}", "jobs.include[1]: must be a mapping"),
        ("script: x\njobs: {include: [{script: [[a]]}]}", "jobs.include[1].script[1]: must be a"),
        ("script: x\nenv: 5", "env: '5' is no assignment such as NAME=value"),
        ("script: x\nenv: {global: [[A=1]]}", "env.global[1]: must be variables"),
        ("script: x\nenv: {global: [A=1], x: [B=2]}", "env.x: beside 'global' there is only"),
        ("script: x\nenv: {1A: x}", "env.1A: a variable's name"),
        ("script: x\nbranches: {onyl: a}", "branches.onyl: unknown key"),
        (
            "script: x\nbranches: {only: ['/a(/']}",
            "branches.only[1]: the regular expression '/a(/'",
        ),
        ("script: x\nbranches: {only: ['/a']}", "without its '/' at the end"),
        ("script: x\nos: osx", "no job is left"),
        ("script: x\ngit: {depth: deep}", "git.depth: must be a number or false"),
    ],
)
def test_a_mistake_is_told_at_its_line(text: str, says: str) -> None:
    assert says in problem(text)


VALUES = st.sampled_from(
    ["x", "[a, b]", "{}", "[]", "A=1", "[A=1, B=2]", "{global: A=1}", "{include: [{script: x}]}",
     "{include: [{env: {A: 1}, stage: s}], exclude: [{env: A=1}]}", "null", "'/a+/'", "skip",
     "{only: ['/^v/']}", "[{name: a}]", "{secure: x}", "true", "5"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["script", "env", "jobs", "matrix", "branches", "git", "os", "arch", "stages", "install",
     "after_script", "language", "if", "cache", "python"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_whatever_is_written_there_is_a_file_or_a_file_error(keys: dict[str, str]) -> None:
    try:
        file = read("".join(f"{key}: {value}\n" for key, value in keys.items()))
    except FileError as wrong:
        assert wrong.problems  # noqa: PT017 - either end is right
        return
    made = plan(file, Event(kind="manual", branch="main"))
    assert len({job.name for job in made.jobs}) == len(made.jobs) == len(file.jobs)
