"""The runner as PID 1 of a real container, where the kernel shields it and the job is below it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tests.runner.conftest import RUNNER
from tests.runner.fake_service import PATIENCE_S, FakeService

pytestmark = pytest.mark.docker
Begin = Callable[..., Container]


@pytest.fixture
def begin(
    docker_client: docker.DockerClient, base_image: str, service: FakeService
) -> Iterator[Begin]:
    """Start a container whose first process is the runner; gone afterwards."""
    started: list[Container] = []

    def run(env: dict[str, str] | None = None, **options: Any) -> Container:
        container = docker_client.containers.run(
            base_image,
            ["python3", "-I", "-S", "/runner/towline_runner/__main__.py"],
            detach=True,
            network_mode="host",
            volumes={str(RUNNER): {"bind": "/runner/towline_runner", "mode": "ro"}},
            environment={
                "TOWLINE_URL": service.url,
                "TOWLINE_JOB": "j",
                "TOWLINE_TOKEN": "1.5f",
                "APP": "of the image",
                **(env or {}),
            },
            **options,
        )
        started.append(container)
        return container

    yield run
    for container in started:
        container.remove(force=True)


def status(container: Container) -> int:
    return int(container.wait(timeout=PATIENCE_S)["StatusCode"])


@pytest.mark.parametrize("user", [None, "nobody", "1234"])
def test_nothing_that_the_job_sends_to_pid_1_harms_it(
    service: FakeService, begin: Begin, user: str | None
) -> None:
    service.script(
        "for s in KILL STOP TERM INT HUP QUIT USR1 SEGV ABRT; do kill -$s 1; done 2>/dev/null;"
        "kill -9 -1 2>/dev/null; sleep 0.2; echo alive; exit 5",
        user=user,
    )
    assert status(begin()) in (5, 137)  # as root "kill -1" spares nobody but PID 1 and the sender
    assert service.report["ended_by"] == "script"
    assert service.report["exit"]["code"] == 5
    assert service.log == b"alive\n"


def test_a_stop_of_the_container_is_a_cancel(service: FakeService, begin: Begin) -> None:
    service.script("trap 'echo tidy; exit 6' TERM; echo up; while :; do sleep 0.1; done")
    container = begin()
    service.wait_for(lambda: service.objects)
    container.stop(timeout=30)
    assert status(container) == 6
    assert service.report["ended_by"] == "cancel"


def test_everything_ends_with_the_script_whatever_its_session(
    service: FakeService, begin: Begin
) -> None:
    service.limits["drain_s"] = 0.3
    service.script(
        "for i in 1 2 3; do setsid sh -c 'trap \"\" TERM HUP; echo $$ >>up; exec sleep 600' & done;"
        "until [ $(wc -l <up) = 3 ]; do sleep 0.01; done; exit 4"
    )
    assert status(begin()) == 4
    assert service.report["survivors"] == 3


@pytest.mark.parametrize(
    ("user", "image_user", "expected"),
    [
        ("nobody", None, "65534 65534 /nonexistent"),
        (None, "nobody", "65534 65534 /nonexistent"),
        ("4242", None, "4242 0 /"),
        ("4242:4343", None, "4242 4343 /"),
        (None, None, "0 0 /root"),
    ],
)
def test_the_job_becomes_its_user(
    service: FakeService, begin: Begin, user: str | None, image_user: str | None, expected: str
) -> None:
    service.script(
        "echo $(id -u) $(id -g) $HOME; echo x >/dev/stdout; touch mine; [ -O mine ] && [ -O $0 ]",
        user=user,
    )
    assert status(begin({"TOWLINE_IMAGE_USER": image_user} if image_user else None)) == 0
    assert service.log.decode() == f"{expected}\nx\n"


def test_the_environment_is_the_images(service: FakeService, begin: Begin) -> None:
    service.work |= {"command": ["cat", "/proc/self/environ"], "user": "nobody"}
    assert status(begin()) == 0
    names = {line.partition("=")[0] for line in service.log.decode().split("\0") if line}
    assert names == {"PATH", "HOSTNAME", "HOME", "APP"}


def test_without_a_folder_that_can_be_written_the_script_runs_from_memory(
    service: FakeService, begin: Begin
) -> None:
    service.script('cat "$0" | wc -l; exit 7', user="1234")
    nowhere = {"/dev/shm": "ro", "/run": "ro,mode=755"}
    container = begin(read_only=True, tmpfs=nowhere)
    assert status(container) == 7, json.dumps(service.report)
    assert service.report["argv"][-1].startswith("/proc/self/fd/")


def test_memory_that_runs_out_takes_the_job_and_is_counted(
    service: FakeService, begin: Begin
) -> None:
    service.script("python3 -c 'x = bytearray(400 << 20)'; echo status $?; exit 3")
    assert status(begin(mem_limit="64m", memswap_limit="64m")) == 3
    assert b"status 137" in service.log
    assert service.report["oom_kills"] == 1
    assert service.report["job_peak_kib"] > 30_000


def test_a_fork_storm_below_a_process_limit_ends_at_its_deadline(
    service: FakeService, begin: Begin
) -> None:
    service.limits |= {"timeout_s": 1.0, "grace_s": 0.2}
    service.script("trap '' TERM; f() { f | f & }; f 2>/dev/null; sleep 600")
    assert status(begin(pids_limit=60)) == 137
    assert service.report["ended_by"] == "timeout"
