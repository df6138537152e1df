"""A script that tells its phases: what it says there makes words, and never its status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from chalicelib.repofile.job_script import job_script
from chalicelib.repofile.planned import Phases, Script
from tests.runner.conftest import RUNNER
from tests.runner.containers import Begin, status
from tests.runner.fake_service import FakeService

Run = Callable[..., int]


def wrapped(script: str, *, setup: str | None = None, after: str | None = None) -> str:
    def of(text: str | None) -> Script | None:
        return None if text is None else Script(text=f"{text}\n")

    return job_script(Phases(setup=of(setup), script=Script(text=f"{script}\n"), after=of(after)))


def told(service: FakeService) -> tuple[str, int | None, list[str]]:
    """What ended it, its exit code, and its phases, as reported."""
    report = service.report
    return report["ended_by"], report["exit"]["code"], report["phases"]


@pytest.mark.parametrize(
    ("setup", "script", "after", "code", "phases"),
    [
        ("exit 7", "true", None, 7, ["setup"]),
        ("exit 7", "true", "true", 7, ["setup", "after"]),
        ("true", "exit 3", None, 3, ["setup", "script"]),
        (None, "exit 3", "true", 3, ["script", "after"]),
        ("kill -9 $$", "true", None, 137, ["setup"]),
    ],
)
def test_phases_are_reported_in_their_order(
    run: Run,
    service: FakeService,
    setup: str | None,
    script: str,
    after: str | None,
    code: int,
    phases: list[str],
) -> None:
    assert run(wrapped(script, setup=setup, after=after), tells_phases=True) == code
    assert told(service) == ("script", code, phases)


def test_a_job_killed_in_its_setup_has_the_signal(run: Run, service: FakeService) -> None:
    service.limits["drain_s"] = 0.1
    assert run(wrapped("true", setup="kill -9 $PPID; sleep 60"), tells_phases=True) == 137
    assert service.report["exit"] == {"code": None, "signal": 9}
    assert service.report["phases"] == ["setup"]


PIPE = "/proc/$PPID/fd/9"
HOSTILE = {
    "fills it and goes on": f"yes junk >{PIPE} &",
    "says what is not so": f"yes after >{PIPE} &",
    "writes a line without an end": f"head -c 3000000 /dev/zero >{PIPE}",
    "writes half a line": f"printf setu >{PIPE}",
    "holds it open": f"sleep 600 >{PIPE} &",
    "opens it for reading and never reads": f"sleep 600 <{PIPE} &",
    "stops whoever holds it": f"sleep 600 >{PIPE} & kill -STOP $!",
    "takes the folder away": 'rm -rf "${0%/*}"',
    "looks for a named pipe": 'rm -f "${0%/*}/phase"; mkfifo "${0%/*}/phase"',
}


@pytest.mark.parametrize("setup", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_a_setup_does_to_the_pipe_holds_or_changes_the_job(
    run: Run, service: FakeService, setup: str
) -> None:
    service.limits["drain_s"] = 0.1
    assert run(wrapped("exit 3", setup=setup, after="true"), tells_phases=True) == 3
    ended_by, code, phases = told(service)
    assert (ended_by, code) == ("script", 3)
    assert {"setup", "script"} <= set(phases)


def test_a_setup_that_reads_its_phases_away_hides_them_alone(
    run: Run, service: FakeService
) -> None:
    """As the runner's own user it can: then the failure has other words."""
    service.limits["drain_s"] = 0.1
    setup = f"cat <{PIPE} >/dev/null &"
    assert run(wrapped("exit 3", setup=setup, after="true"), tells_phases=True) == 3
    assert told(service)[:2] == ("script", 3)


@pytest.mark.parametrize(
    ("script", "code", "phases"),
    [
        ("echo script >&9; echo setup >&9; exit 1", 1, ["script", "setup"]),
        ("echo setup >&9; exec 9>&-; exit 4", 4, ["setup"]),
        ("echo setup >&9; exec 9</dev/null; exit 4", 4, ["setup"]),
        ("for i in 1 2 3; do echo after >&9; done", 0, ["after"]),
        ("printf 'setup\\tx\\nSETUP\\n\\0script\\nafter' >&9; exit 2", 2, []),
        ("printf 'setup\\r\\nscript\\n' >&9", 0, ["script"]),
        ("yes >&9 & echo script >&9; exit 5", 5, ["script"]),
        ("exec sh -c 'echo after >&9; kill -9 $$'", 137, ["after"]),
    ],
)
def test_known_names_alone_are_heard_each_once(
    run: Run, service: FakeService, script: str, code: int, phases: list[str]
) -> None:
    service.limits["drain_s"] = 0.1
    assert run(script, tells_phases=True) == code
    assert service.report["phases"] == phases


def test_a_script_that_writes_there_for_ever_is_ended_at_its_deadline(
    run: Run, service: FakeService
) -> None:
    service.limits |= {"timeout_s": 0.5, "grace_s": 0.2}
    run("echo setup >&9; yes >&9", tells_phases=True)
    assert (service.report["ended_by"], service.report["phases"]) == ("timeout", ["setup"])


def test_a_script_that_does_not_ask_for_it_has_no_such_pipe(run: Run, service: FakeService) -> None:
    looks = "(: >&9) 2>/dev/null && echo open; ls /proc/self/fd | tr '\\n' ' '"
    assert run(looks) == 0
    assert (service.log, service.report["phases"]) == (b"0 1 2 3 ", [])


def test_a_script_without_a_folder_tells_its_phases(run: Run, service: FakeService) -> None:
    """Its file is in memory alone then, and there would be no place for a pipe with a name."""
    script = wrapped("exit 3", setup="true")
    nowhere = {"TMPDIR": "/proc", "HOME": "/proc"}
    assert run(script, nowhere, tells_phases=True) == 3
    assert told(service) == ("script", 3, ["setup", "script"])


TAKES_NUMBERS = """
import os, sys
sys.path.insert(0, {path!r})
from towline_runner.starter import Plan, Starter
for _ in range({taken}):
    os.open("/dev/null", os.O_RDONLY)
starter = Starter(die_with_parent=False)
script = b"echo script >&9; ls /proc/self/fd"
environment = {{b"PATH": b"/usr/bin:/bin"}}
plan = Plan([(b"/bin/sh", [b"sh", b"-c", script])], environment, b"/", None, {memory!r})
plan.tells_phases = True
print(starter.release(plan))
os.waitpid(starter.pid, 0)
print(os.read(starter.phases, 100).decode().strip())
print(*os.read(starter.output, 65536).decode().split())
"""


@pytest.mark.parametrize(("memory", "open_ones"), [(None, "0 1 2 3 9"), (b"m", "0 1 2 3 4 9")])
@pytest.mark.parametrize("taken", range(9))
def test_the_pipe_is_found_whatever_numbers_were_free(
    taken: int, memory: bytes | None, open_ones: str
) -> None:
    """A runner may be forked by a process that has descriptors of its own. One is that of ls."""
    program = TAKES_NUMBERS.format(path=str(RUNNER.parent), taken=taken, memory=memory)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout.splitlines()) == ("", ["0", "script", open_ones])


@pytest.mark.docker
@pytest.mark.parametrize("user", ["1234:1234", "0:0"])
def test_in_a_container_a_job_of_another_user_can_not_even_open_the_pipe(
    service: FakeService, begin: Begin, busybox_image: str, user: str
) -> None:
    """Nothing of it is in the job's folder either. Root can write, and changes words alone."""
    service.limits["drain_s"] = 0.1
    setup = f'ls -A "${{0%/*}}"; echo script >{PIPE}; echo heard >{PIPE}; exit 7'
    service.script(wrapped("true", setup=setup, after="true"), user=user, tells_phases=True)
    assert status(begin(busybox_image)) == 7
    phases = ["setup", "script", "after"] if user == "0:0" else ["setup", "after"]
    assert told(service) == ("script", 7, phases)
    shown = service.log.decode().splitlines()
    assert [name for name in shown if "towline" not in name and "sh:" not in name] == [
        *("job-env", "job-setup", "script"),
    ], shown
