"""``towline lint`` and ``towline schema``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from towline.cli.main import main

RIGHT = """\
jobs:
  a: {script: x, matrix: {v: [1, 2]}}
  b: {script: x, needs: a, when: {branches: main}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    try:
        return main(["lint", *words])
    except SystemExit as left:
        return int(left.code or 0)


def test_a_right_file_is_said_to_be_right(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / ".towline.yml").write_text(RIGHT)
    assert run() == 0
    captured = capsys.readouterr()
    assert captured.err == "towline: .towline.yml is right: 3 jobs\n"
    assert captured.out == ""


def test_a_wrong_file_is_told_line_by_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / ".towline.yml").write_text("jobs:\n  a:\n    scrpt: x\n    timeout: y\n")
    assert run() == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[:2] == [
        ".towline.yml:2:3: jobs.a.script: is missing",
        ".towline.yml:3:5: jobs.a.scrpt: unknown key, did you mean 'script'?",
    ]
    assert ".towline.yml:4:14: jobs.a.timeout: 'y' is not a duration" in captured.out
    assert captured.err == "towline: error: .towline.yml is wrong: 3 problems\n"


def test_the_plan_says_what_runs_and_what_does_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / ".towline.yml").write_text(RIGHT)
    assert run("--branch", "dev") == 0
    assert capsys.readouterr().out.splitlines() == [
        "a (v=1)  the default image",
        "a (v=2)  the default image",
        "b        left out: no pattern fits the branch 'dev'",
    ]
    assert run("--plan") == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "b        the default image; needs a (v=1), a (v=2)"
    )
    assert run("--message", "x [skip ci]") == 0
    assert capsys.readouterr().out == (
        "nothing would run: the commit's message asks for no build\n"
    )


def test_json_holds_problems_and_plan(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / ".towline.yml").write_text(RIGHT)
    assert run("--json", "--event", "pull_request") == 0
    shown: Any = json.loads(capsys.readouterr().out)
    assert (shown["ok"], shown["problems"], len(shown["plan"]["jobs"])) == (True, [], 3)
    (here / "other.yml").write_text("a: b")
    assert run("--json", "other.yml") == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["problems"][0] == {
        "line": 1,
        "column": 1,
        "where": "a",
        "message": shown["problems"][0]["message"],
    }


def test_a_travis_file_is_taken_when_there_is_no_other(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / ".travis.yml").write_text("script: x\ncache: pip\n")
    assert run() == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        ".travis.yml:2:1: cache: ignored: caches are not supported yet (warning)",
        "towline: .travis.yml is right: 1 job, 1 warning",
    ]
    (here / ".towline.yml").write_text(RIGHT)
    assert run() == 0
    assert ".towline.yml is right" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "there is neither a .towline.yml nor a .travis.yml here"),
        (("none.yml",), "none.yml can't be read: No such file or directory"),
        ((".",), ". can't be read: Is a directory"),
        (("--branch", "a", "--tag", "b"), "not allowed with"),
        (("--event", "tag"), "invalid choice: 'tag'"),
        (("--schedule", "a", "--event", "push"), "--schedule goes with --event schedule"),
        (("--event", "schedule"), "--event schedule needs --schedule NAME"),
        (("--tag", "a", "--event", "pull_request"), "--tag goes with a push or a manual build"),
    ],
)
def test_a_mistake_in_the_command_gets_a_sentence_and_2(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert says in capsys.readouterr().err


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == ".towline.yml"
