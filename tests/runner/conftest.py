"""A service and a runner for each test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, git_server
from tests.fakes.listening import listening
from tests.runner.containers import begin
from tests.runner.fake_service import PATIENCE_S, FakeService

__all__ = ["begin"]

RUNNER = Path(__file__).parents[2] / "runner_image" / "towline_runner"


@pytest.fixture
def service() -> Iterator[FakeService]:
    """Listening, and gone afterwards."""
    with listening(FakeService()) as fake:
        yield fake


class Runner:
    """A real runner process, as the process backend starts it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pid = process.pid

    def wait(self) -> int:
        """Its exit status."""
        return self.process.wait(PATIENCE_S)

    def finish(self) -> tuple[int, bytes, bytes]:
        """Its exit status, console copy and words for the operator."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


Start = Callable[..., Runner]


@pytest.fixture
def start(service: FakeService, tmp_path: Path) -> Iterator[Start]:
    """Start a runner against ``service``; whatever is left of it is ended afterwards."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    started: list[Runner] = []

    def begin(
        around: dict[str, str] | None = None, way_in: Path = RUNNER / "__main__.py", **more: Any
    ) -> Runner:
        surroundings = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TOWLINE_URL": service.url,
            "TOWLINE_JOB": "j",
            "TOWLINE_TOKEN": "1.5f",
            **(around or {}),
        }
        process = subprocess.Popen(
            [*more.pop("wrapped", ()), sys.executable, "-I", "-S", str(way_in)],
            env=surroundings,
            cwd=more.pop("cwd", folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **more,
        )
        runner = Runner(process)
        started.append(runner)
        return runner

    yield begin
    for runner in started:
        if runner.process.poll() is None:
            runner.process.send_signal(signal.SIGKILL)
        runner.process.communicate()


@pytest.fixture
def run(service: FakeService, start: Start) -> Callable[..., int]:
    """Run one script to its end; the runner's exit status. The service knows the rest.

    ``by``: the shell of the job; ``around``: what the runner's environment holds besides.
    """

    def whole(script: str | bytes, around: dict[str, str] | None = None, **work: Any) -> int:
        if "by" in work:
            work["shell"] = work.pop("by")
        service.script(script, **work)
        return start(around).wait()

    return whole


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """A git server, for jobs with a checkout."""
    root = tmp_path / "served"
    root.mkdir()
    with git_server(root) as server:
        yield server


@pytest.fixture
def repository(server: GitServer) -> Repository:
    """A repository that ``server`` serves."""
    return Repository(server.root, "project")
