"""The wait status of the script, raw, whatever the script does to get there."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.conftest import Start
from tests.runner.fake_service import FakeService

Run = Callable[..., int]

RT_SIGACTION = {"x86_64": 13, "aarch64": 134}[os.uname().machine]


@pytest.mark.parametrize(
    ("script", "code", "number"),
    [
        ("true", 0, None),
        ("false", 1, None),
        ("exit 77", 77, None),
        ("exit 125", 125, None),
        ("exit 256", 0, None),
        ("exit -1", 255, None),
        ("exit 137", 137, None),
        ("kill -9 $$", None, 9),
        ("kill -TERM $$", None, 15),
        ("kill -TERM 0; sleep 9", None, 15),
        ("ulimit -c 0; kill -SEGV $$", None, 11),
        ("exec bash -c 'kill -9 $$'", None, 9),
        ("bash -c 'kill -9 $$'; exit $?", 137, None),
        ("trap 'exit 4' EXIT; exit 0", 4, None),
        ("trap false EXIT; exit 0", 0, None),
        ("set -e; false; echo unreached", 1, None),
        ("false | true", 0, None),
        ("no-such-command-here", 127, None),
        ("/etc/passwd", 126, None),
        ("sleep 0.05 & exit 3", 3, None),
        ("(exit 9) & wait; exit 0", 0, None),
        ("(sleep 0.02; exit 9) & exec sleep 0.2", 0, None),
        ("exec false", 1, None),
        ("if then", 2, None),
        ("", 0, None),
    ],
)
def test_the_status_is_the_scripts_own(
    run: Run, service: FakeService, script: str, code: int | None, number: int | None
) -> None:
    status = run(script, by=["bash"])

    assert service.report["exit"] == {"code": code, "signal": number}
    assert service.report["ended_by"] == "script"
    assert status == (code if number is None else 128 + number)


def test_no_shell_is_a_login_shell_or_reads_a_start_file(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    for name in (".bash_profile", ".bash_login", ".profile", ".bashrc", ".bash_logout", ".zshenv"):
        (tmp_path / "home" / name).write_text("echo $0 read me; exit 66\n")
    hostile = tmp_path / "hostile"
    hostile.write_text("echo sourced; exit 67\n")
    service.script("set -e; shopt -q login_shell || echo plain; exit 5", by=["bash"])

    around = {
        "BASH_ENV": str(hostile),
        "ENV": str(hostile),
        "SHELLOPTS": "noexec",
        "BASH_FUNC_exit%%": "() { builtin exit 0; }",
    }
    assert start(around).wait() == 5
    assert service.log == b"plain\n"


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"], ["mksh"], ["zsh"], ["bash", "-eu"]])
def test_the_shell_that_was_asked_for_gets_the_file(
    run: Run, service: FakeService, shell: list[str]
) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed here")
    assert run('[ -f "$0" ] && exit 6', by=shell) == 6
    program, *_, script = service.report["argv"]
    assert program == shutil.which(shell[0])
    assert script.endswith("/script")


def test_without_a_shell_the_scripts_own_first_line_decides(run: Run, service: FakeService) -> None:
    assert run("#!/bin/sh -e\ncase $- in *e*) exit 8;; esac") == 8
    assert service.report["argv"][0].endswith("/script")


def test_without_any_word_about_it_bash_runs_the_script(run: Run, service: FakeService) -> None:
    assert run("[[ -n $BASH_VERSION ]] && exit 9") == 9


def test_without_bash_in_the_path_sh_runs_it(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    only = tmp_path / "only"
    only.mkdir()
    (only / "sh").symlink_to("/bin/sh")
    assert run("exit 10", around={"PATH": str(only)}) == 10
    assert service.report["argv"][0] == str(only / "sh")


def test_a_command_is_run_as_it_is(service: FakeService, start: Start) -> None:
    service.work |= {"command": ["sh", "-c", 'exit "$1"', "name", "12"]}
    assert start().wait() == 12


def test_the_script_starts_as_a_fresh_process_does(run: Run, service: FakeService) -> None:
    run(
        """
        umask
        grep -E '^Sig(Blk|Ign)' /proc/self/status
        for f in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$f ] && echo open $f; done
        cat; echo end of input $?
        [ "$(ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat)" -eq $$ ] && echo leader
        tty >/dev/null || echo no terminal
        """,
        by=["sh"],
    )
    assert service.log.decode().split("\n") == [
        "0022",
        "SigBlk:\t0000000000000000",
        "SigIgn:\t0000000000000000",
        "end of input 0",
        "leader",
        "no terminal",
        "",
    ]


def test_what_the_runner_was_started_with_does_not_reach_the_script(
    service: FakeService, start: Start
) -> None:
    def odd() -> None:
        os.umask(0o077)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        # timeout(1) passes on that glibc's own signals are ignored, which sigaction(3) can't do.
        ignore = ctypes.create_string_buffer(b"\1", 32)
        for number in (32, 33):
            ctypes.CDLL(None).syscall(RT_SIGACTION, number, ignore, None, 8)

    service.script("umask; grep -E '^Sig(Blk|Ign)' /proc/self/status")
    start(preexec_fn=odd).wait()
    zeros = "0" * 16
    assert service.log.decode() == f"0022\nSigBlk:\t{zeros}\nSigIgn:\t{zeros}\n"


def test_output_and_error_are_one_stream_in_order(run: Run, service: FakeService) -> None:
    run("for i in 1 2 3; do echo out $i; echo err $i >&2; done; echo again >/dev/stdout")
    assert service.log == b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nagain\n"


def test_a_file_and_a_mode_are_made_before_the_script(run: Run, service: FakeService) -> None:
    status = run(
        'cd "${0%/*}"; [ "$(cat conf/a.txt)" = hi ] && [ -x tool ] && [ -d empty ] && [ ! -x "$0" ]'
        " && exit 13",
        by=["bash"],
        script_mode="0644",
        files=[
            {"path": "conf/a.txt", "content_base64": "aGk=", "mode": None},
            {"path": "tool", "content_base64": "", "mode": "0755"},
            {"path": "empty/", "content_base64": "", "mode": None},
        ],
    )
    assert status == 13


def test_nothing_of_the_runner_is_left_in_the_temporary_folder(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    run(
        'mkdir "${0%/*}/d"; touch "${0%/*}/d/f"; chmod 0 "${0%/*}/d"',
        around={"TMPDIR": str(temporary)},
    )
    assert list(temporary.iterdir()) == []


def test_a_script_that_deletes_itself_and_its_folder_keeps_its_status(
    run: Run, service: FakeService
) -> None:
    assert run('rm -rf "${0%/*}" "$HOME" "$PWD"; exit 14') == 14


def test_the_folder_can_be_given_as_the_way_in(service: FakeService, start: Start) -> None:
    from tests.runner.conftest import RUNNER

    service.script("exit 15")
    assert start(way_in=RUNNER).wait() == 15
