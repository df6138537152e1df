"""What only the process backend promises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.verdict import Cause
from chalicelib.ports import Refused, ServiceTrouble
from tests.backends.rig import Rig, gone, kill, processes_with
from tests.backends.rig_process import process_rig
from tests.fakes.service_server import FakeJob, FakeService
from towline.backends import process_user

ENDLESS = "echo ready; while :; do sleep 0.1; done"

MakeRig = Callable[..., Rig]


@pytest.fixture
def make(service: FakeService, owner: str) -> Iterator[MakeRig]:
    made: list[Rig] = []

    def one(**settings: object) -> Rig:
        made.append(process_rig(service, owner, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for rig in made:
        rig.backend.close()
        assert rig.left() == []


def refusal(rig: Rig, **changes: Any) -> Refused:
    outcome = rig.backend.launch(rig.request("exit 0", **changes))
    assert isinstance(outcome, Refused)
    assert outcome.cause is Cause.LAUNCH_REFUSED
    return outcome


def test_an_image_is_refused_in_words(make: MakeRig) -> None:
    outcome = refusal(make(), image="debian:12")
    assert "no images" in outcome.detail
    assert "debian:12" in outcome.detail
    assert "--backend docker" in outcome.detail


def test_another_architecture_is_refused_in_words(make: MakeRig) -> None:
    assert "asks for sparc" in refusal(make(), arch="sparc").detail


def test_only_root_may_run_as_another_user(make: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "getegid", lambda: 12346)
    assert "only root can run a job as nobody" in refusal(make(), user="nobody").detail
    assert process_user.why_not_user("12345") is None
    assert process_user.why_not_user("12345:12346") is None
    assert process_user.why_not_user("12345:0") is not None
    assert process_user.why_not_user("no-such-user") is not None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert process_user.why_not_user("nobody:nogroup") is None


def test_the_runner_has_no_more_of_the_environment_than_it_is_given(make: MakeRig) -> None:
    rig = make(environment={"PATH": os.environ["PATH"], "HOME": "/nowhere"})
    request, _ = rig.launch_until("that is all", "env; echo that is all")
    names = {
        line.partition("=")[0]
        for line in rig.service.jobs[request.job_id].log.decode().splitlines()
        if "=" in line
    }
    assert names <= {"PATH", "HOME", "LANG", "PWD", "SHLVL", "_", "CI", "USER", "LOGNAME", "TMPDIR"}


def test_a_program_that_is_not_the_runner_is_executed_as_one(make: MakeRig, tmp_path: Path) -> None:
    told = tmp_path / "told"
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__main__.py").write_text(
        "import os, sys\n"
        f"with open({str(told)!r}, 'w') as file:\n"
        "    print(sorted(n for n in os.environ if n.startswith('TOWLINE')), file=file)\n"
        "    print(sorted(os.listdir('/proc/self/fd'))[:4], file=file)\n"
        "    print(os.getsid(0) == os.getpid(), file=file)\n"
        "print('is not seen')\n"
        "print('it broke', file=sys.stderr)\n"
        "sys.exit(9)\n"
    )
    rig = make(runner=tmp_path / "program")
    stop = rig.stops.wait(rig.launch(rig.request("")))
    assert (stop.exit_code, stop.job_container_reason) == (9, "it broke")
    assert told.read_text().splitlines() == [
        "['TOWLINE_CONSOLE', 'TOWLINE_JOB', 'TOWLINE_LIFELINE', 'TOWLINE_TOKEN', 'TOWLINE_URL']",
        "['0', '1', '2', '3']",
        "True",
    ]


def test_a_runner_that_can_not_be_executed_has_a_stop_that_says_so(
    make: MakeRig, tmp_path: Path
) -> None:
    rig = make(runner=tmp_path / "not-there")
    stop = rig.stops.wait(rig.launch(rig.request("")))
    assert stop.exit_code not in (None, 0)
    assert "not-there" in stop.job_container_reason


def test_a_killed_keeper_takes_its_runners_along_and_a_new_one_serves_the_next_job(
    make: MakeRig, mark: str
) -> None:
    rig = make()
    _, first = rig.launch_until("ready", f"(exec -a {mark} sleep 300) & {ENDLESS}", grace_s=0.1)
    started = processes_with(mark)
    kill(rig.backend.keeper_pid)  # type: ignore[attr-defined]
    stop = rig.stops.wait(first)
    assert (stop.exit_code, stop.stop_code) == (None, "InfrastructureHealth")
    assert "keeper" in stop.reason
    assert started
    assert gone(started)
    second = rig.launch(rig.request("exit 4"))
    assert rig.stops.wait(second).exit_code == 4
    assert len(rig.stops.all) == 2


def test_a_fork_storm_does_not_outlive_its_killed_runner(make: MakeRig, mark: str) -> None:
    rig = make()
    # Each process starts its successor and ends: whoever looks at the list is always late.
    storm = 'storm() { (exec -a $0 sleep 0.02); setsid bash -c "$(declare -f storm); storm" $0 & }'
    script = f"for i in 1 2 3; do bash -c '{storm}; storm' {mark} & done; {ENDLESS}"
    _, task_id = rig.launch_until("ready", script)
    assert processes_with(mark)
    kill(rig.pid_of(task_id))
    assert rig.stops.wait(task_id).exit_code == 137
    assert processes_with(mark) == []


def test_nothing_runs_ten_seconds_after_the_command_was_killed(
    service: FakeService, mark: str
) -> None:
    script = f"trap '' TERM; (exec -a {mark} sleep 300) & setsid {deaf_sleeper(mark)} & {ENDLESS}"
    service.add("job", FakeJob(script))
    command = subprocess.Popen([sys.executable, "-c", COMMAND, service.url])
    service.wait_for_log("job", b"ready")
    started = processes_with(mark)
    command.kill()
    command.wait()
    assert len(started) >= 2
    assert gone(started, timeout_s=10)


def test_a_runner_that_can_not_end_itself_is_ended_when_the_command_was_killed(
    service: FakeService, mark: str
) -> None:
    service.add("job", FakeJob(f"(exec -a {mark} sleep 300) & {ENDLESS}"))
    command = subprocess.Popen([sys.executable, "-c", COMMAND, service.url])
    service.wait_for_log("job", b"ready")
    started = processes_with(mark)
    (runner,) = processes_with("towline_runner\0job\0")
    kill(runner, signal.SIGSTOP)
    command.kill()
    command.wait()
    assert started
    assert gone([runner, *started], timeout_s=10)


def test_a_stop_that_comes_upon_the_start_is_not_lost(make: MakeRig) -> None:
    rig = make()
    for _ in range(20):
        task_id = rig.launch(rig.request(ENDLESS, stop_timeout_s=100))
        rig.backend.stop(task_id, "at once")
        assert rig.stops.wait(task_id, timeout_s=30).stop_code == "UserInitiated"


def test_a_closed_backend_starts_nothing(make: MakeRig) -> None:
    rig = make()
    rig.backend.close()
    with pytest.raises(ServiceTrouble, match="closed"):
        rig.backend.launch(rig.request("exit 0"))


def deaf_sleeper(mark: str) -> str:
    return f"bash -c 'trap \"\" TERM; exec -a {mark} sleep 300'"


COMMAND = """
import sys, threading
from chalicelib.ports import LaunchRequest
from towline.backends.process import ProcessBackend
import platform
backend = ProcessBackend(runner_url=sys.argv[1], on_stop=print, owner="killed-command")
backend.launch(LaunchRequest("job", 1, 1, "1.00", None, "", None, 1.0, 256, platform.machine(), 20))
threading.Event().wait()
"""
