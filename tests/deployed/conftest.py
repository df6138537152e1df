"""One emulated account and one deployment in it for all of these tests, in one worker."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import docker
import pytest

from tests.deployed.driver import Deployment
from tests.deployed.emulator import Emulator
from tests.fakes.ecs_server.container_settings import LABEL

_running: list[Emulator] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the emulator wrote beside a test that fails."""
    report = yield
    if report.failed and _running and Path(__file__).parent in item.path.parents:
        report.sections.append(("emulator", _running[0].last_words()))
    return report


@pytest.fixture(scope="session")
def emulator(docker_client: docker.DockerClient) -> Iterator[Emulator]:
    """MiniStack with its bridges; skipped, or failed where it was promised, when it is missing.

    Fails at its end when a task's container is left behind, and removes it.
    """
    venv = os.environ.get("TOWLINE_MINISTACK")
    if not venv:
        problem = "no emulator: export TOWLINE_MINISTACK=$(ci/ministack.sh DIR)"
        if os.environ.get("TOWLINE_REQUIRE_DOCKER") == "1":
            pytest.fail(f"{problem} (TOWLINE_REQUIRE_DOCKER=1 forbids skipping)", pytrace=False)
        pytest.skip(problem)
    made = Emulator(Path(venv))
    _running.append(made)
    yield made
    _running.clear()
    made.stop()
    mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={made.owner}"}
    left = docker_client.containers.list(all=True, ignore_removed=True, filters=mine)
    for container in left:
        container.remove(force=True, v=True)
    assert left == []


@pytest.fixture(scope="session")
def deployment(emulator: Emulator, base_image: str) -> Deployment:
    """A first ``towline deploy``: data, functions, API, runner's image, token."""
    made = Deployment(emulator)
    made.deploy()
    assert made.token, "the first deploy gives an admin token"
    return made
