"""``.towline.yml``: what is read, and what is said of what is wrong, with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repofile.cron import MOST_SCHEDULES
from chalicelib.repofile.planned import PlannedJob
from chalicelib.repofile.problems import FileError
from chalicelib.repofile.reader import read


def jobs(text: str) -> list[PlannedJob]:
    return [each.job for each in read(text.encode()).jobs]


def job(text: str, head: str = "") -> PlannedJob:
    """The only job of a file, by the keys below its name."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    return jobs(f"{head}jobs:\n  x:\n    script: [a]\n{body}")[0]


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read(text.encode())
    return [each.shown("f") for each in caught.value.problems]


def wrong(text: str, head: str = "") -> str:
    """The only problem of a job; its keys begin in line 4 (with ``head`` later), column 5."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    found = problems(f"{head}jobs:\n  x:\n    script: [a]\n{body}")
    assert len(found) == 1, found
    return found[0]


def test_the_smallest_file() -> None:
    made = jobs("jobs:\n  test:\n    script: [make]\n")[0]
    assert (made.name, made.key, made.line, made.needs) == ("test", "test", 2, ())
    assert made.checkout is not None
    assert made.phases.setup is None
    assert made.timeout_s is None


def test_every_key_arrives() -> None:
    made = job(
        "image: debian:12\nregistry_credentials: hub\nuser: 1000:1000\nworkdir: web\n"
        "timeout: 1h30m\nsilence_timeout: 300\ngrace: 0\nresources: {cpu: 500m, memory: 1.5g}\n"
        "arch: arm64\ncapacity: spot\nretry_lost: 2\nallow_failure: true\nsecrets: TOKEN\n"
        "checkout: {depth: 0, submodules: recursive, lfs: true}\nenv: {A: 1}"
    )
    assert made.image == "debian:12"
    assert made.registry_credentials == "hub"
    assert (made.user, made.workdir) == ("1000:1000", "web")
    assert (made.timeout_s, made.silence_timeout_s, made.grace_s) == (5400, 300, 0)
    assert (made.cpu, made.memory_mib, made.arch, made.capacity) == (0.5, 1536, "arm64", "spot")
    assert (made.retry_lost, made.allow_failure, made.secrets) == (2, True, ("TOKEN",))
    assert made.checkout is not None
    assert made.checkout.model_dump() == {"depth": 0, "submodules": "recursive", "lfs": True}
    assert made.env == {"A": "1"}


def test_a_checkout_may_be_left_out() -> None:
    assert job("checkout: false").checkout is None
    assert job("checkout: true").checkout is not None


def test_variables_are_what_was_written_and_the_jobs_own_go_over_the_files() -> None:
    made = job(
        "env: {B: 3.10, C: yes, D: 0755, E: '', F: null, G: true, H: '${x}'}",
        head="env: {A: 1, B: 2}\n",
    )
    assert made.env == {
        "A": "1", "B": "3.10", "C": "yes", "D": "0755", "E": "", "F": None, "G": "true",
        "H": "${x}",
    }  # fmt: skip


def test_defaults_hold_where_a_job_does_not_say_otherwise() -> None:
    made = jobs(
        "defaults: {image: a, timeout: 5m, resources: {cpu: 2, memory: 1g}}\n"
        "jobs:\n  x: {script: [a]}\n  y: {script: [a], image: b, resources: {cpu: 4}}\n"
    )
    assert [(each.image, each.timeout_s, each.cpu) for each in made] == [
        ("a", 300, 2), ("b", 300, 4)
    ]  # fmt: skip
    # The whole key is replaced, not mixed.
    assert made[1].memory_mib is None


def test_anchors_are_kept_below_names_with_x() -> None:
    text = "x-base: &base {image: a, timeout: 5m}\njobs:\n  y:\n    <<: *base\n    script: [a]\n"
    assert jobs(text)[0].image == "a"


@pytest.mark.parametrize(
    ("shell", "argv"),
    [
        ("bash", ("bash",)),
        ("bash -eo pipefail", ("bash", "-eo", "pipefail")),
        ("[sh, -e]", ("sh", "-e")),
        ("/bin/busybox sh", ("/bin/busybox", "sh")),
    ],
)
def test_a_shell_is_words(shell: str, argv: tuple[str, ...]) -> None:
    assert job(f"shell: {shell}").phases.script.argv == argv


@pytest.mark.parametrize(
    ("first", "argv"),
    [
        ("#!/bin/sh", ("/bin/sh",)),
        ("#! /bin/bash -e", ("/bin/bash", "-e")),
        ("#!/usr/bin/env python3", ("/usr/bin/env", "python3")),
        # The kernel hands all that follows over as one word.
        ("#!/usr/bin/env -S python3 -u", ("/usr/bin/env", "-S python3 -u")),
    ],
)
def test_a_blocks_own_line_goes_before_the_shell(first: str, argv: tuple[str, ...]) -> None:
    text = f"jobs:\n  x:\n    shell: zsh\n    script: |\n      {first}\n      rest\n"
    script = jobs(text)[0].phases.script
    assert script.argv == argv
    assert script.text == f"{first}\nrest\n"


def test_a_matrix_makes_a_job_for_each_combination() -> None:
    made = jobs(
        "jobs:\n  x:\n    image: python:${{ matrix.python }}\n    script: [a]\n"
        "    env: {V: '${{matrix.os}}-${{ matrix.python }}'}\n"
        "    allow_failure: ${{ matrix.may }}\n"
        "    matrix:\n      python: [3.10, 3.11]\n      os: [a, b]\n      may: [false]\n"
        "      exclude: [{python: 3.11, os: b}]\n"
        "      include: [{python: 4, os: c, may: true}]\n"
        "      allow_failure: [{os: b}]\n"
    )
    assert [each.name for each in made] == [
        "x (python=3.10, os=a, may=false)",
        "x (python=3.10, os=b, may=false)",
        "x (python=3.11, os=a, may=false)",
        "x (python=4, os=c, may=true)",
    ]
    assert [each.image for each in made][-1] == "python:4"
    assert made[0].env["V"] == "a-3.10"
    assert made[0].env["MATRIX_PYTHON"] == "3.10"
    assert [each.allow_failure for each in made] == [False, True, False, True]


def test_a_long_name_stays_unique() -> None:
    values = ", ".join(f"{'v' * 90}{number}" for number in range(3))
    text = f"jobs:\n  x:\n    script: [a]\n    matrix:\n      a: [{values}]\n      b: [{values}]\n"
    text += f"      c: [{values}]\n"
    names = [each.name for each in jobs(text)]
    assert len(set(names)) == 27
    assert max(map(len, names)) <= 200


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("timout: 5m", "f:4:5: jobs.x.timout: unknown key, did you mean 'timeout'?"),
        ("before_script: [a]", "jobs.x.before_script: unknown key, did you mean 'setup'?"),
        ("runs-on: a", "did you mean 'image'?"),
        ("if: a", "did you mean 'when'?"),
        ("qqq: 1", "unknown key; there are image, registry_credentials, shell,"),
        ("services: [redis]", "f:4:5: jobs.x.services: services are not supported yet"),
        ("artifacts: a", "artifacts are not supported yet"),
        ("cache: a", "cache is not supported yet"),
        ("timeout: soon", "f:4:14: jobs.x.timeout: 'soon' is not a duration"),
        ("timeout: 8d", "must be at least 1s and at most 7d, not 8d"),
        ("timeout: 0", "must be at least 1s"),
        ("timeout:", "jobs.x.timeout: has no value"),
        ("timeout: [1]", "must be a text, not a list"),
        ("grace: 2m", "at most 1m50s, not 2m"),
        ("resources: {memory: 512}", "f:4:25: jobs.x.resources.memory: '512' has no unit"),
        ("resources: {memory: 1t}", "must be from 32m to 120g"),
        ("resources: {cpu: 17}", "at most 16 CPUs"),
        ("resources: 5", "must be a mapping of keys to values"),
        ("arch: amd64", "write x86_64"),
        ("arch: riscv", "x86_64 or arm64"),
        ("capacity: cheap", "must be spot or on_demand"),
        ("retry_lost: 11", "must be from 0 to 10, not 11"),
        ("retry_lost: 07", "write 7: zeros in front mean octal"),
        ("retry_lost: 1.5", "must be a whole number"),
        ("allow_failure: yes", "write true or false, without quotes; 'yes' is a text here"),
        ("allow_failure: 'true'", "write true or false, without quotes"),
        ("allow_failure: maybe", "must be true or false, not the text 'maybe'"),
        ("image: 'a b'", "'a b' is not an image reference"),
        ("registry_credentials: a", "registry_credentials pull the job's own image"),
        ("user: 'a b'", "is not a user"),
        ("workdir: ../a", "'..' leads out of it"),
        ("secrets: [A, B-C]", "jobs.x.secrets[2]: 'B-C' is not a secret's name"),
        ("secrets: [TOWLINE_A]", "jobs.x.secrets[1]: names that begin with TOWLINE_ are"),
        ("secrets: [A, A]", "jobs.x.secrets[2]: 'A' is here twice"),
        ("env: {1A: x}", "f:4:11: jobs.x.env.1A: a variable's name has letters, digits and _"),
        ("env: {TOWLINE_X: 1}", "names that begin with TOWLINE_ are Towline's own"),
        ("env: {A: [1]}", "jobs.x.env.A: must be a text, not a list"),
        ("env: {A: }", "jobs.x.env.A: has no value: write '' for an empty one"),
        ("env: [A=1]", "must be a mapping of names to values, not a list"),
        ("shell: bash -l", "-l does not go with"),
        ("shell: bash -c", "-c does not go with"),
        ('shell: "bash \'"', "a quote that is not closed"),
        ("shell: python3", "a list of commands needs a shell, and 'python3' is none"),
        ("setup: []", "jobs.x.setup: is empty"),
        ("setup: '  '", "jobs.x.setup: is empty"),
        ("setup: {a: b}", "must be a list of commands or a block of text"),
        ("setup: [a, '']", "jobs.x.setup[2]: is an empty command"),
        ("setup: [a, b: c]", "jobs.x.setup[2]: ': ' makes a mapping of this entry"),
        ("setup: ['echo ${{ matrix.x }}']", "is not replaced in scripts"),
        ("setup: '#!python3'", "must name a program by its whole path"),
        ("image: ${{ matrix.x }}", "there is no 'x' in this combination of the matrix (none,"),
        ("image: ${{ branch }}", "only values of the job's matrix can be put in"),
        ("matrix: [a]", "must be a mapping of names to lists"),
        ("matrix: {a: b}", "jobs.x.matrix.a: must be a list of values"),
        ("matrix: {a: []}", "jobs.x.matrix.a: must be a list of values, not nothing"),
        ("matrix: {a: [1, 1]}", "jobs.x.matrix.a[2]: '1' is here twice"),
        ("matrix: {'a b': [1]}", "a name in a matrix has letters, digits, _ and - only"),
        ("matrix: {a: [1], exclude: [{a: 2}]}", "matrix.exclude[1]: no combination has a=2"),
        ("matrix: {a: [1], exclude: [{a: 1}]}", "leaves no combination"),
        ("matrix: {a: [1], include: [{a: 1}]}", "is a combination that is there already"),
        ("matrix: {exclude: []}", "leaves no combination"),
        ("needs: y", "f:4:12: jobs.x.needs: there is no job 'y'"),
        ("needs: [a, xx]", None),
        ("needs: x", "jobs.x.needs: a circle: x needs x"),
        ("when: {branches: 'a{b'}", "jobs.x.when.branches: 'a{b': braces are not supported"),
        ("when: {events: [push, tags]}", "jobs.x.when.events[2]: 'tags' is no event"),
        ("when: {paths: [/a]}", "jobs.x.when.paths[1]: '/a': paths begin at"),
        ("when: {branch: a}", "unknown key, did you mean 'branches'?"),
        ("checkout: {depth: -1}", "must be a whole number"),
        ("checkout: {wanted: false}", "unknown key: write 'checkout: false'"),
        ("checkout: no", "write true or false, without quotes; 'no' is a text here"),
        ("checkout: {submodules: all}", "must be true, false or recursive"),
    ],
)
def test_a_mistake_in_a_job_is_told_at_its_line(text: str, says: str | None) -> None:
    if says is None:
        body = f"jobs:\n  x:\n    script: [a]\n    {text}\n"
        assert [each.rpartition(": ")[2] for each in problems(body)] == [
            "there is no job 'a'",
            "there is no job 'xx', did you mean 'x'?",
        ]
        return
    found = wrong(text)
    assert says in found
    # Line 3 where it is about two keys together, or about the script.
    assert found.startswith(("f:4:", "f:3:"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "f:1:1: must be a mapping that begins with 'jobs:'"),
        ("env: {}", "f:1:1: jobs: is missing"),
        ("jobs: {}", "f:1:7: jobs: must be a mapping of names to jobs"),
        ("jobs:", "jobs: must be a mapping of names to jobs"),
        ("jobs: {x: 1}", "f:1:11: jobs.x: must be a mapping with a 'script'"),
        ("jobs:\n  x: {image: a}", "f:2:3: jobs.x.script: is missing"),
        ("jobs:\n  x y: {script: a}", "f:2:3: jobs.x y: a job's name has letters"),
        ("image: a\njobs: {x: {script: a}}", "image: belongs to a job; for all jobs write it"),
        ("script: a\njobs: {x: {script: a}}", "script: belongs to a job, below 'jobs:'"),
        ("on: push\njobs: {x: {script: a}}", "f:1:1: on: unknown key, did you mean 'when'?"),
        ("job: {x: {script: a}}\njobs: {x: {script: a}}", "job: unknown key, did you mean 'jobs'?"),
        ("cache: a\njobs: {x: {script: a}}", "cache is not supported yet"),
        ("defaults: 1\njobs: {x: {script: a}}", "defaults: must be a mapping"),
        ("defaults: {imag: a}\njobs: {x: {script: a}}", "defaults.imag: unknown key, did you"),
        ("defaults: {env: {}}\njobs: {x: {script: a}}", "defaults.env: write it at the top"),
        ("defaults: {script: a}\njobs: {x: {script: a}}", "defaults.script: it is a job's own"),
        (
            "defaults: {timeout: x}\njobs: {x: {script: a}, y: {script: b}}",
            "f:1:21: defaults.timeout: 'x'",
        ),
        (
            "env: {A: '${{ matrix.x }}'}\njobs: {x: {script: a}}",
            "is replaced below 'jobs' and 'defaults' alone",
        ),
        ("schedule: {n: {cron: x}}\njobs: {x: {script: a}}", "schedule.n.cron: 'x' is no schedule"),
        ("schedule: {n: {}}\njobs: {x: {script: a}}", "schedule.n.cron: is missing"),
        ("schedule: {'a b': {cron: '@daily'}}\njobs: {x: {script: a}}", "a schedule's name has"),
        ("cancel_previous: yes\njobs: {x: {script: a}}", None),
        ("cancel_previous: {}\njobs: {x: {script: a}}", "must be true, false, or patterns"),
        ("when: {branches: []}\njobs: {x: {script: a}}", "when.branches: is empty"),
    ],
)
def test_a_mistake_around_the_jobs_is_told(text: str, says: str | None) -> None:
    if says is None:
        # A text that is no switch is a branch of that name.
        assert read(text.encode()).cancel_previous == ("yes",)
        return
    found = problems(text)
    assert len(found) == 1, found
    assert says in found[0]


def test_a_file_has_so_many_schedules_and_no_more() -> None:
    """Whoever starts them looks after all projects."""
    text = "schedule:\n{}jobs: {{x: {{script: a}}}}\n"
    named = [f"  n{number}: {{cron: '@daily'}}\n" for number in range(MOST_SCHEDULES + 1)]
    made = read(text.format("".join(named[:-1])).encode())
    assert len(made.schedules) == MOST_SCHEDULES
    [said] = problems(text.format("".join(named)))
    assert said == f"f:2:3: schedule: has 21 schedules; a file has at most {MOST_SCHEDULES}"


def test_a_circle_is_told_at_the_need_that_closes_it() -> None:
    names = {"a": "b", "b": "[c]", "c": "a"}
    lines = [f"  {name}: {{script: x, needs: {need}}}\n" for name, need in names.items()]
    assert problems("jobs:\n" + "".join(lines)) == [
        "f:4:25: jobs.c.needs: a circle: a needs b needs c needs a"
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    found = problems("jobs:\n  x:\n    timeout: a\n    arch: b\n  y: {needs: z}\n")
    assert [each.split(":")[1] for each in found] == ["2", "3", "4", "5", "5"]


def test_too_many_jobs_are_refused_before_they_are_made() -> None:
    axis = f"[{', '.join(map(str, range(50)))}]"
    text = f"jobs:\n  x:\n    script: [a]\n    matrix: {{a: {axis}, b: {axis}, c: {axis}}}\n"
    assert "makes more than 100 jobs" in problems(text)[0]
    entries = "".join(f"  x{n}: {{script: [a], matrix: {{a: {axis}}}}}\n" for n in range(5))
    assert "makes 250 jobs" in problems(f"jobs:\n{entries}")[0]


def test_what_a_terminal_would_obey_is_shown_and_not_sent() -> None:
    found = problems('jobs:\n  "\\e[2Jx": {script: a}\n')
    assert "\x1b" not in found[0]
    assert "\\x1b[2Jx" in found[0]


WORDS = st.sampled_from(
    ["a", "true", "5m", "2g", "1", "null", "''", "[a]", "[]", "{}", "{a: b}", "[{a: b}]", "${{ x",
     "'${{ matrix.a }}'", "{a: [1, 2]}", "{cron: '@daily'}", "['**', '!x']", "[x, y]", "!!int 3"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["image", "script", "setup", "after", "env", "matrix", "needs", "when", "timeout", "resources",
     "shell", "checkout", "secrets", "allow_failure", "arch", "user", "workdir", "nonsense"]
)  # fmt: skip
TOPS = st.sampled_from(["env", "defaults", "when", "schedule", "cancel_previous", "x-a", "on"])
LINES = st.dictionaries(KEYS, WORDS, max_size=6)


@given(st.dictionaries(TOPS, WORDS, max_size=3), st.dictionaries(st.sampled_from("xyz"), LINES))
def test_whatever_is_written_there_is_a_file_or_a_file_error(
    head: dict[str, str], made: dict[str, dict[str, str]]
) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in head.items()) + "jobs:\n"
    for name, keys in made.items():
        text += f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())
    try:
        found = read(text.encode())
    except FileError as wrong:
        assert wrong.problems  # noqa: PT017 - either end is right
    else:
        names = [each.job.name for each in found.jobs]
        assert len(names) == len(set(names)) >= len(made)
