"""The command as users call it: a process of its own, in an empty environment of its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import towline

if TYPE_CHECKING:
    import docker

    from tests.e2e.github_hub import Hosted, Hub

ROOT = Path(towline.__file__).parent.parent
DEADLINE_S = 60


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: bytes
    err: str


Run = Callable[..., Ran]
Start = Callable[..., "subprocess.Popen[bytes]"]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = ("PATH", "HOME", "DOCKER_HOST", "TOWLINE_RUNNER_BASE")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    own.setdefault("TOWLINE_RUNNER_BASE", "towline-base:bookworm")
    return {**own, "PYTHONPATH": str(ROOT), **extra}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start ``towline``; it is killed at the test's end if it is still there."""
    started: list[subprocess.Popen[bytes]] = []

    def call(*words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "towline", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(env or {}),
            cwd=tmp_path,
        )
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def towline_command(tmp_path: Path) -> Run:
    """Run ``towline`` to its end."""

    def call(*words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "towline", *words],
            input=stdin,
            check=False,
            capture_output=True,
            env=environment(env or {}),
            cwd=tmp_path,
            timeout=DEADLINE_S,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    return call


@pytest.fixture(scope="session")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    docker_client: docker.DockerClient,
    runner_image: object,
    busybox_image: str,
) -> Iterator[Hub]:
    """``towline up --github`` with containers, wired to a GitHub by an App. Modules that ask for it
    are in one group (``xdist_group("github")``), so that it is started once."""
    from tests.e2e import github_hub

    with github_hub.hub(tmp_path_factory.mktemp("github"), docker_client, busybox_image) as made:
        yield made


@pytest.fixture(scope="session")
def outage(hub: Hub) -> tuple[Hosted, str, str]:
    """What ``hub`` is asked for first, as it takes a while: other tests go on meanwhile."""
    from tests.e2e.github_hub import pushed_during_an_outage

    return pushed_during_an_outage(hub)


def await_line(process: subprocess.Popen[bytes], wanted: bytes, stream: str = "stdout") -> None:
    """Read lines until one holds ``wanted``; fails when the stream ends first."""
    source = getattr(process, stream)
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        line = source.readline()
        assert line, f"{stream} ended without {wanted!r}"
        if wanted in line:
            return
    raise AssertionError(f"no {wanted!r} in time")


def processes_with(mark: str) -> dict[int, str]:
    """Processes of this machine that have the mark among their arguments, by id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark.encode() in words:
                found[int(entry.name)] = b" ".join(words).decode("utf-8", "replace")
    return found


def await_end(pids: Mapping[int, str], within_s: float) -> None:
    """Wait until these processes have ended; fails with those that have not."""
    deadline = time.monotonic() + within_s
    for pid, what in pids.items():
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([descriptor], [], [], left)[0], f"still there: {pid} {what}"
        finally:
            os.close(descriptor)
