"""The README's commands are run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from towline.cli.exit_status import TABLE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(heading: str) -> list[str]:
    """The shell blocks below a heading."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `towline` is this tree's, started by this interpreter."""
    programs = tmp_path / "bin"
    programs.mkdir()
    towline = programs / "towline"
    towline.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m towline "$@"\n')
    towline.chmod(0o755)
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "TOWLINE_BACKEND": "process"}


def test_one_job_runs_as_the_readme_says(shell: dict[str, str], tmp_path: Path) -> None:
    [block] = blocks("One job")
    commands = [line for line in block.splitlines() if not line.startswith(". .venv")]
    done = [
        subprocess.run(
            ["bash", "-c", command],
            check=False,
            cwd=tmp_path,
            env=shell,
            capture_output=True,
            text=True,
        )
        for command in commands
    ]
    assert [run.returncode for run in done] == [0, 3, 0, 0, 3], [run.stderr for run in done]
    assert [run.stdout for run in done[1:4]] == ["hello\n", "42\n", "from stdin\n"]
    assert '"verdict": "failed"' in done[4].stdout


def test_the_demo_is_a_target_of_the_makefile() -> None:
    [block] = blocks("Try it")
    assert block == "make demo\n"
    assert re.search(r"^demo:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_statuses_of_the_readme_are_those_of_the_help() -> None:
    table = README.split("| Exit status | Meaning |", 1)[1].split("\n\n", 1)[0]
    in_readme = set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE))
    assert in_readme == set(re.findall(r"^ *(\d+) ", TABLE, re.MULTILINE))


def test_every_file_that_a_page_names_is_there() -> None:
    pages = [README, *(page.read_text() for page in (ROOT / "docs").rglob("*.md"))]
    named = {
        name for page in pages for name in re.findall(r"`((?:docs|tests|bench)/[\w/.-]+)`", page)
    }
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
