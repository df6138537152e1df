"""docs/repository-file.md is true: its examples, its tables, and the schema that editors get."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.domain.build_table import as_markdown
from chalicelib.repofile.after_phase import AFTER_S
from chalicelib.repofile.cron import MOST_SCHEDULES
from chalicelib.repofile.filters import When
from chalicelib.repofile.glob import glob
from chalicelib.repofile.job_spec import job_spec
from chalicelib.repofile.json_schema import json_schema
from chalicelib.repofile.matrix import MAX_COMBINATIONS
from chalicelib.repofile.model import Head, Job
from chalicelib.repofile.plan import plan
from chalicelib.repofile.planned import Event
from chalicelib.repofile.reader import read
from chalicelib.repofile.repository_file import MAX_JOBS
from chalicelib.repofile.travis.reader import read_travis

PAGE = (Path(__file__).parents[2] / "docs" / "repository-file.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TRAVIS = re.findall(r"^```yaml \.travis\.yml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    section = PAGE.partition(f"\n{heading}\n")[2]
    table = re.search(r"^\|.*?(?=^[^|])", section, re.MULTILINE | re.DOTALL)
    assert table is not None, heading
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def keys(heading: str) -> set[str]:
    return {row[0].strip("`") for row in rows(heading)}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_right_and_makes_jobs(example: str) -> None:
    file = read(example.encode())
    made = plan(file, Event(branch="main"))
    assert made.jobs
    for job in made.jobs:
        assert job_spec(job, project="p").script


def test_the_larger_example_does_what_it_says() -> None:
    file = read(EXAMPLES[1].encode())
    assert [job.name for job in plan(file, Event(branch="main", paths=("src/a.py",))).jobs] == [
        "unit (python=3.11, database=sqlite)",
        "unit (python=3.12, database=sqlite)",
        "unit (python=3.12, database=postgres)",
        "unit (python=3.13-rc, database=sqlite)",
    ]
    tagged = plan(file, Event(tag="v1")).jobs
    assert [job.key for job in tagged] == ["unit"] * 4 + ["docs", "release"]
    assert not plan(file, Event(branch="main")).cancel_previous


def test_the_travis_example_is_right_and_nothing_of_it_is_ignored() -> None:
    file = read_travis(TRAVIS[0].encode())
    assert file.warnings == ()
    made = plan(file, Event(branch="master"))
    assert [(job.name, job.allow_failure) for job in made.jobs] == [
        ("test (DATABASE=mysql)", True),
        ("test (DATABASE=postgres)", False),
        ("deploy (TARGET=staging)", False),
    ]
    assert plan(file, Event(branch="other")).reason


def test_every_key_is_on_the_page_and_no_other() -> None:
    assert keys("## At the top") == {*Head.model_fields, "jobs", "defaults"}
    assert keys("## A job") == set(Job.model_fields)
    assert keys("## When") == set(When.model_fields)


def test_the_patterns_on_the_page_fit_what_it_says() -> None:
    section = PAGE.partition("| Pattern | Fits | But not |")[2].partition("\n\n")[0]
    for line in section.strip().splitlines()[1:]:
        pattern, fit, unfit = (re.findall(r"`([^`]*)`", cell) for cell in line.split("|")[1:4])
        written = f"{pattern[0]}**" if pattern[0].endswith("/") else pattern[0]
        assert [name for name in fit if not glob(written).fits(name)] == [], line
        assert [name for name in unfit if glob(written).fits(name)] == [], line


def test_the_page_shows_the_tables_of_the_build() -> None:
    assert as_markdown() in PAGE, (
        "docs/repository-file.md is out of date: put the text of "
        "chalicelib.domain.build_table.as_markdown() where the old tables are"
    )


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    assert f"at most {MAX_JOBS} with all matrices" in PAGE
    assert f"there is a job for each combination, at most {MAX_COMBINATIONS}." in PAGE
    assert f"and at most {MOST_SCHEDULES} schedules." in PAGE
    assert AFTER_S == 300
    assert "It has five minutes" in PAGE


# --- the schema ----------------------------------------------------------------------------------


def complaints(text: str) -> list[str]:
    """What an editor would underline. An editor reads YAML 1.2, where "on" and "yes" are texts."""
    jsonschema = pytest.importorskip("jsonschema")

    class Editor(yaml.SafeLoader):
        pass

    Editor.yaml_implicit_resolvers = {
        first: [(tag, regex) for tag, regex in resolvers if first not in "yYnNoO"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    validator: Any = jsonschema.Draft202012Validator(json_schema())
    return [error.message for error in validator.iter_errors(yaml.load(text, Editor))]  # noqa: S506 - a SafeLoader


def test_the_schema_is_one() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_schema_takes_every_example(example: str) -> None:
    assert complaints(example) == []


@pytest.mark.parametrize(
    "keys_of_job",
    [
        "user: 1000", "timeout: 90", "shell: [bash, -e]", "needs: [y]", "checkout: false",
        "checkout: {depth: 0, submodules: recursive}", "env: {A: 1.5, B: true, C: null, D: x}",
        "arch: ${{ matrix.arch }}", "allow_failure: ${{ matrix.may }}", "secrets: A",
        "when: {branches: main, events: [push]}", "resources: {cpu: 500m, memory: 4g}",
        "matrix: {a: [1, x, true], include: [{a: 2}]}", "retry_lost: 3", "setup: make",
    ],
)  # fmt: skip
def test_the_schema_takes_what_the_reader_takes(keys_of_job: str) -> None:
    assert complaints(f"jobs:\n  x:\n    script: [a]\n    {keys_of_job}\n") == []


@pytest.mark.parametrize(
    "keys_of_job",
    [
        "timout: 5m", "timeout: soon", "arch: amd64", "allow_failure: yes", "env: {TOWLINE_A: 1}",
        "resources: {memory: 512}", "services: [redis]", "when: {events: [tag]}", "needs: {a: b}",
        "matrix: {a: []}", "retry_lost: 11", "setup: [{a: b}]", "capacity: cheap",
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(keys_of_job: str) -> None:
    assert complaints(f"jobs:\n  x:\n    script: [a]\n    {keys_of_job}\n") != []


def test_the_schema_knows_the_defaults_and_the_names_for_anchors() -> None:
    assert complaints("x-a: 1\ndefaults: {timeout: 5m}\njobs: {x: {script: a}}") == []
    assert complaints("defaults: {script: a}\njobs: {x: {script: a}}") != []
    assert complaints("other: 1\njobs: {x: {script: a}}") != []
    assert complaints("jobs: {}") != []


def test_every_key_is_described() -> None:
    definitions = json_schema()["$defs"]
    for section, schema in definitions.items():
        for key, value in schema["properties"].items():
            assert value.get("description"), f"{section}.{key}"
