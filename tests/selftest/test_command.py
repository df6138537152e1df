"""``towline selftest``: real jobs through a real service, and what is printed of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from towline.cli.main import main

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process backend: Linux only"),
    pytest.mark.timeout(120),
]
PROCESS = ["selftest", "--backend", "process"]


def write_case(folder: Path, name: str, script: str, **expect: Any) -> None:
    case = {
        "name": name,
        "shell": ["bash"],
        "expect": {"verdict": "failed", "exit_code": None, "signal": None, **expect},
        "needs": [],
    }
    (folder / name).mkdir()
    (folder / name / "case.json").write_text(json.dumps(case))
    (folder / name / "script").write_text(script)


def test_cases_of_the_corpus_end_as_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["exit-300-by-shell.bash", "signal-self-alrm", "rc-logout-fails-under-errexit"]
    chosen += ["form-shell-does-not-exist", "end-cancel-trap-exits-zero", "harm-kill-parent"]
    status = main([*PROCESS, *(word for name in chosen for word in ("--case", name))])
    said = capsys.readouterr().out
    assert "left out, needs a container: harm-kill-parent" in said
    assert "6 cases: 5 as they should be, 0 different, 1 left out" in said
    assert status == 0


def test_a_difference_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path, "right", "exit 3", exit_code=3)
    write_case(tmp_path, "wrong", "exit 3", exit_code=4)
    status = main([*PROCESS, "--cases", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "wrong: ended failed (exit 3), the truth is failed (exit 4)"
    assert lines[1].startswith("2 cases: 1 as they should be, 1 different, 0 left out")
    assert status == 1


def test_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(tmp_path, "wrong", "kill -9 $$", exit_code=137)
    status = main([*PROCESS, "--cases", str(tmp_path), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (status, document["cases"], document["as_they_should_be"]) == (1, 1, 0)
    (different,) = document["different"]
    assert different["name"] == "wrong"
    assert different["differences"] == ["ended failed (signal 9), the truth is failed (exit 137)"]


def test_with_all_a_case_that_is_left_out_is_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*PROCESS, "--all", "--case", "harm-kill-parent"]) == 1
    assert "needs a container: harm-kill-parent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--case", "no-such-case"], "no case has that name"),
        (["--cases", "/nonexistent-corpus"], "holds no case"),
        (["--jobs", "0"], "--jobs must be at least 1"),
        (["--image", "debian", "--case", "exit-one"], "has no images"),
    ],
)
def test_wrong_use_is_a_sentence_and_status_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*PROCESS, *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_cases_for_containers_end_as_they_should_in_containers(
    base_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    patterns = ["harm-kill-*", "limit-disk-*", "limit-memory-child-*", "reap-orphans-disappear"]
    words = [word for pattern in patterns for word in ("--case", pattern)]
    status = main(["selftest", "--backend", "docker", "--image", base_image, "--all", *words])
    said = capsys.readouterr()
    assert " 0 different, 0 left out" in said.out, said
    assert status == 0
