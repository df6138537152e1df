"""``towline run`` with the process backend: real scripts, through the whole service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Run, Start, await_end, await_line, processes_with

PROCESS = ("run", "--backend", "process")


@pytest.mark.parametrize(
    ("script", "status", "says"),
    [
        ("echo fine", 0, "passed after"),
        ("exit 3", 3, "failed after"),
        ("exit 137", 137, "exit status 137"),
        ("kill -9 $$", 137, "killed by signal 9"),
        ("exit 124", 124, "exit status 124"),
    ],
)
def test_the_verdict_is_the_exit_status(
    towline_command: Run, script: str, status: int, says: str
) -> None:
    ran = towline_command(*PROCESS, stdin=script.encode())
    assert ran.status == status
    assert says in ran.err
    assert "isolates nothing" in ran.err
    assert "backend: process" in ran.err


def test_only_the_log_is_on_stdout_byte_for_byte(towline_command: Run, tmp_path: Path) -> None:
    every = bytes(range(256)) * 2000 + b"no line feed at the end"
    (tmp_path / "bytes").write_bytes(every)
    ran = towline_command(*PROCESS, "--", "cat", "bytes")
    assert ran.status == 0
    assert ran.out == every


def test_json_is_one_document_on_stdout_and_the_log_goes_to_stderr(towline_command: Run) -> None:
    ran = towline_command(*PROCESS, "--json", "--", "sh", "-c", "echo in the log; exit 2")
    document = json.loads(ran.out)
    assert ran.status == document["exit_status"] == 2
    assert document["job"]["verdict"] == "failed"
    assert document["job"]["exit_code"] == 2
    assert "in the log" in ran.err


def test_a_timeout_and_a_silence_are_124_and_an_error_is_125(towline_command: Run) -> None:
    late = towline_command(*PROCESS, "--timeout", "0.3s", "--", "sleep", "1000")
    assert late.status == 124
    silent = towline_command(*PROCESS, "--silence-timeout", "0.3s", "--", "sleep", "1000")
    assert silent.status == 124
    none = towline_command(*PROCESS, "--", "no-such-program-anywhere")
    assert none.status == 125
    assert "errored after" in none.err
    assert "not_started" in none.err


def test_environment_secrets_and_folder_reach_the_script_and_secrets_are_masked(
    towline_command: Run, tmp_path: Path
) -> None:
    (tmp_path / "vars").write_text("FROM_FILE=1\n")
    script = b'echo "$FROM_FILE $GIVEN $PASSED"; echo "$HIDDEN"; echo ${#HIDDEN}; pwd'
    ran = towline_command(
        *PROCESS,
        *("--env-file", "vars", "--env", "GIVEN=2", "--env", "PASSED", "--secret", "HIDDEN", "-"),
        stdin=script,
        env={"PASSED": "3", "HIDDEN": "correct horse"},
    )
    assert ran.out.decode().splitlines() == ["1 2 3", "***", "13", str(tmp_path)]
    assert "correct horse" not in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--timeout", "700000h", "--", "true"), "--timeout: "),
        (("--env", "=x", "--", "true"), "is not NAME=VALUE"),
        (("--workdir", "relative", "--", "true"), "--workdir: "),
        (("--image", "Not An Image", "--", "true"), "--image: "),
        (("--cpu", "99", "--", "true"), "--cpu: "),
    ],
)
def test_what_the_service_refuses_is_told_by_the_option(
    towline_command: Run, words: tuple[str, ...], says: str
) -> None:
    ran = towline_command(*PROCESS, *words)
    assert ran.status == 2
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_docker_that_is_not_there_is_told_and_auto_goes_on_without(towline_command: Run) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    asked = towline_command("run", "--backend", "docker", "--", "true", env=nowhere)
    assert asked.status == 2
    assert "no Docker engine answers at unix:///nowhere/docker.sock" in asked.err
    auto = towline_command("run", "--", "true", env=nowhere)
    assert auto.status == 0
    assert "backend: process (no Docker engine answers" in auto.err


SCRIPT = (
    'trap "echo ended by TERM" TERM; echo up; (setsid sleep {mark} &); sleep {mark} & wait; wait'
)


def begin(start: Start, mark: str) -> tuple[subprocess.Popen[bytes], dict[int, str]]:
    """A job that has started processes, one of them in a session of its own."""
    process = start(*PROCESS, "--", "sh", "-c", SCRIPT.format(mark=mark))
    await_line(process, b"up")
    found: dict[int, str] = {}
    while len(found) < 2:  # both sleeps are about to be there; the test's timeout ends this
        found = processes_with(mark)
    return process, found


def mark_of(number: int) -> str:
    return f"{90000 + number}.{os.getpid()}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_cancels_the_job_and_waits_for_its_end(start: Start, number: int) -> None:
    process, sleeps = begin(start, mark_of(number))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"ended by TERM" in out, "the script could clean up, and its last words were shown"
    assert b"cancelled after" in err
    await_end(sleeps, 0)


def test_a_second_signal_leaves_at_once_and_nothing_is_left(start: Start) -> None:
    mark = mark_of(200)
    process = start(
        *PROCESS,
        "--grace",
        "100s",
        "--",
        "sh",
        "-c",
        f'trap "" TERM; echo up; sleep {mark}; sleep {mark}',
    )
    await_line(process, b"up")
    found: dict[int, str] = {}
    while not found:
        found = processes_with(mark)
    process.send_signal(signal.SIGINT)
    await_line(process, b"interrupted: cancelling", "stderr")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    await_end(found, 10)
    await_end(processes_with(mark), 10)


def test_killing_the_command_leaves_nothing_within_ten_seconds(start: Start) -> None:
    process, sleeps = begin(start, mark_of(300))
    children = {
        int(pid): "child"
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    }
    assert children
    process.kill()
    process.wait()
    await_end({**sleeps, **children}, 10)


def test_a_log_that_nobody_reads_any_more_cancels_the_job(start: Start) -> None:
    process = start(*PROCESS, "--", "sh", "-c", "while :; do echo line; sleep 0.01; done")
    await_line(process, b"line")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read().decode()
    assert process.wait(60) == 130
    assert "nobody reads the log" in said
    assert "Traceback" not in said
    assert "Broken pipe" not in said
