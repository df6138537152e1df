"""The command with standard streams that are closed or full, and in a folder that is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import environment

RUN = 'exec "$0" -m towline run --backend process'


def shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", text, sys.executable],
        check=False,
        capture_output=True,
        text=True,
        env=environment({}),
        cwd=folder,
        timeout=60,
    )


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_is_as_good_as_an_empty_one(closed: str, tmp_path: Path) -> None:
    ran = shell(f"{RUN} -- sh -c 'echo said > file; echo seen; exit 3' {closed}", tmp_path)
    assert ran.returncode == 3
    assert "Traceback" not in ran.stderr
    assert (tmp_path / "file").read_text() == "said\n"
    assert ran.stdout == ("" if "1>&-" in closed else "seen\n")


def test_without_a_standard_input_there_is_nothing_to_run(tmp_path: Path) -> None:
    ran = shell(f"{RUN} <&-", tmp_path)
    assert ran.returncode == 2
    assert "nothing to run: standard input is empty" in ran.stderr


def test_a_log_that_can_not_be_written_cancels_the_job(tmp_path: Path) -> None:
    ran = shell(f"{RUN} -- sh -c 'echo seen; exec sleep 1000' > /dev/full", tmp_path)
    assert ran.returncode == 130
    assert "the log can't be written (No space left on device): cancelling the job" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_answer_that_can_not_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    ran = shell(f"{RUN} --json -- true > /dev/full", tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.endswith("towline: error: can't write: No space left on device\n")


def test_a_folder_that_is_gone_is_said_in_a_sentence(tmp_path: Path) -> None:
    ran = shell(f"mkdir gone && cd gone && rmdir ../gone && {RUN} -- pwd", tmp_path)
    assert ran.returncode == 2
    assert "the current folder can't be used (No such file or directory)" in ran.stderr
    other = shell(f"mkdir gone && cd gone && rmdir ../gone && {RUN} --workdir / -- pwd", tmp_path)
    assert (other.returncode, other.stdout) == (0, "/\n")
