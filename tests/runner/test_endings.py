"""Deadlines, cancels and losses: each ends the job, leaves nothing behind and says what it was."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.conftest import Runner, Start
from tests.runner.fake_service import DROP, PATIENCE_S, FakeService, Hang

Run = Callable[..., int]
STUBBORN = """
trap '' TERM HUP INT
setsid bash -c 'trap "" TERM HUP; exec -a stubborn-child sleep 600' &
set -m
( trap '' TERM; exec sleep 600 ) &
echo $! >>pids; echo $$ >>pids
echo up
while :; do sleep 0.1; done
"""


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def started(service: FakeService) -> None:
    service.wait_for(lambda: service.objects)


def nothing_left(tmp_path: Path) -> bool:
    numbers = (tmp_path / "folder" / "pids").read_text().split()
    return all(gone(int(number)) for number in numbers)


def test_a_timeout_kills_what_ignores_it_and_everything_below(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    service.limits |= {"timeout_s": 0.5, "grace_s": 0.2}
    run(STUBBORN)
    assert service.report["ended_by"] == "timeout"
    assert service.report["exit"] == {"code": None, "signal": 9}
    assert nothing_left(tmp_path)


def test_a_flood_of_output_does_not_hide_the_deadline(run: Run, service: FakeService) -> None:
    service.limits |= {"timeout_s": 0.5, "grace_s": 0.2, "log_limit_bytes": 100_000}
    run("yes flood")
    assert service.report["ended_by"] == "timeout"


def test_a_script_that_leaves_with_0_at_its_timeout_has_still_timed_out(
    run: Run, service: FakeService
) -> None:
    service.limits["timeout_s"] = 0.3
    assert run("trap 'echo cleaned up; exit 0' TERM; while :; do sleep 0.05; done") == 0
    assert service.report["ended_by"] == "timeout"
    assert service.report["exit"] == {"code": 0, "signal": None}
    assert service.log.endswith(b"cleaned up\n")


def test_silence_ends_a_job_and_output_puts_it_off(run: Run, service: FakeService) -> None:
    service.limits["silence_timeout_s"] = 0.6
    run("for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done; sleep 600")
    assert service.report["ended_by"] == "silence"
    assert service.log == b"1\n2\n3\n4\n5\n6\n"


def test_a_stopped_script_is_ended_too(run: Run, service: FakeService) -> None:
    service.limits |= {"timeout_s": 0.3}
    run("kill -STOP $$")
    assert service.report["ended_by"] == "timeout"
    assert service.report["exit"] == {"code": None, "signal": 15}


def test_cancel_comes_with_a_heartbeat(service: FakeService, start: Start) -> None:
    service.heartbeat_s = 0.05
    service.script("trap 'echo tidy; exit 3' TERM; echo up; while :; do sleep 0.05; done")
    runner = start()
    started(service)
    service.heartbeat_reply = {"cancel": True, "permit": None}
    assert runner.wait() == 3
    assert service.report["ended_by"] == "cancel"
    assert service.log.endswith(b"tidy\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_from_outside_is_a_cancel(
    service: FakeService, start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    service.limits["grace_s"] = 0.2
    service.script(STUBBORN)
    runner = start()
    started(service)
    os.kill(runner.pid, number)
    assert runner.wait() == 137
    assert service.report["ended_by"] == "cancel"
    assert nothing_left(tmp_path)


def test_a_signal_from_the_job_itself_is_not(run: Run, service: FakeService) -> None:
    assert run("kill -TERM $PPID; kill -INT $PPID; kill -HUP $PPID; sleep 0.2; exit 5") == 5
    assert service.report["ended_by"] == "script"


def test_a_cancel_after_the_end_changes_nothing(service: FakeService, start: Start) -> None:
    hang = Hang()
    service.trouble("bucket", hang)
    service.script("echo done; exit 4")
    runner = start()
    service.wait_for(lambda: not service.troubles["bucket"])
    while not gone_script(runner):
        time.sleep(0.01)
    os.kill(runner.pid, signal.SIGTERM)
    hang.release.set()
    assert runner.wait() == 4
    assert service.report["ended_by"] == "script"
    assert service.log == b"done\n"


def gone_script(runner: Runner) -> bool:
    children = Path(f"/proc/{runner.pid}/task/{runner.pid}/children").read_text().split()
    return children == []


@pytest.mark.parametrize("status", [401, 409, 410])
def test_a_lost_lease_ends_the_job_without_a_report(
    service: FakeService, start: Start, tmp_path: Path, status: int
) -> None:
    service.heartbeat_s = 0.05
    service.limits["grace_s"] = 0.2
    service.script(STUBBORN)
    runner = start()
    started(service)
    service.trouble("heartbeat", status)
    assert runner.wait() == 121
    assert service.bodies("report") == []
    assert nothing_left(tmp_path)


def test_a_service_that_is_away_does_not_disturb_the_script(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    service.heartbeat_s = 0.02
    service.trouble("heartbeat", 500, DROP, 503, DROP, 429, 404)
    service.script(f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; exit 6")
    runner = start()
    service.wait_for(lambda: len(service.bodies("heartbeat")) >= 6)
    (tmp_path / "go").touch()
    assert runner.wait() == 6
    assert service.report["ended_by"] == "script"


def test_the_owners_death_ends_the_job(service: FakeService, start: Start, tmp_path: Path) -> None:
    reading, lifeline = os.pipe()
    service.script(STUBBORN)
    runner = start({"TOWLINE_LIFELINE": str(reading)}, pass_fds=[reading])
    os.close(reading)
    started(service)
    before = time.monotonic()
    os.close(lifeline)
    runner.wait()
    assert time.monotonic() - before < 10
    assert service.report["ended_by"] == "owner_lost"
    assert nothing_left(tmp_path)


def test_the_owners_death_is_the_end_even_when_nobody_takes_the_report(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    reading, lifeline = os.pipe()
    service.script(STUBBORN)
    runner = start({"TOWLINE_LIFELINE": str(reading)}, pass_fds=[reading])
    os.close(reading)
    started(service)
    hang = Hang()
    service.trouble("report", hang, hang, hang, hang)
    service.trouble("bucket", hang, hang, hang, hang)
    before = time.monotonic()
    os.close(lifeline)
    assert runner.wait() == 121
    assert time.monotonic() - before < 10
    assert nothing_left(tmp_path)
    hang.release.set()


def test_an_owner_that_dies_while_the_report_is_on_its_way_is_not_waited_for(
    service: FakeService, start: Start
) -> None:
    reading, lifeline = os.pipe()
    hang = Hang()
    service.trouble("report", *[hang] * 4)
    service.script("exit 3")
    runner = start({"TOWLINE_LIFELINE": str(reading)}, pass_fds=[reading])
    os.close(reading)
    service.wait_for(lambda: len(service.troubles["report"]) < 4)
    before = time.monotonic()
    os.close(lifeline)
    assert runner.wait() == 121
    assert time.monotonic() - before < 10
    hang.release.set()


def test_a_runner_told_to_stop_while_its_report_hangs_tries_again_and_leaves_in_time(
    service: FakeService, start: Start
) -> None:
    hang = Hang()
    service.trouble("report", hang)
    service.script("exit 3")
    runner = start()
    service.wait_for(lambda: not service.troubles["report"])
    os.kill(runner.pid, signal.SIGTERM)
    assert runner.wait() == 3
    hang.release.set()


def test_what_is_left_after_the_script_is_ended_and_counted(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    service.limits["drain_s"] = 0.3
    status = run(
        """
        sleep 600 & echo $! >>pids
        (setsid sh -c 'trap "" TERM; echo $$ >>pids; exec sleep 600' >/dev/null 2>&1 &)
        until [ "$(wc -l <pids)" = 2 ]; do sleep 0.01; done
        exit 7
        """
    )
    assert status == 7
    assert service.report["survivors"] == 2
    assert service.report["log"]["drained"] is False
    assert nothing_left(tmp_path)


def test_an_endless_writer_left_behind_does_not_hold_up_the_verdict(
    run: Run, service: FakeService
) -> None:
    service.limits |= {"drain_s": 0.3, "log_limit_bytes": 1 << 20}
    assert run("yes spam & sleep 0.1; exit 8") == 8
    assert service.report["log"]["drained"] is False


def test_a_slow_reader_of_the_output_is_waited_for(run: Run, service: FakeService) -> None:
    assert run("exec > >(sleep 0.3; cat); echo last words") == 0
    assert service.log == b"last words\n"
    assert service.report["log"]["drained"] is True
    assert service.report["survivors"] == 0


def test_a_fork_storm_is_cleared_away(run: Run, service: FakeService, tmp_path: Path) -> None:
    service.limits |= {"timeout_s": 0.5, "grace_s": 0}
    run(
        """
        breed() { while [ ! -e stop ]; do sleep 600 & sleep 0.01; done; }
        trap '' TERM; breed & breed & breed & breed
        """,
        around={"PATH": os.environ["PATH"]},
    )
    assert service.report["ended_by"] == "timeout"
    assert service.report["exit"] == {"code": None, "signal": 9}


def test_the_script_dies_with_a_killed_runner(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    service.script("echo $$ >>pids; echo up; exec sleep 600")
    runner = start()
    started(service)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    until = time.monotonic() + PATIENCE_S
    while not nothing_left(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.01)
