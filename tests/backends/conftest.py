"""Rigs for the backends: the contract's tests ask for ``rig`` and run once for each kind."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from tests.backends.rig import Rig
from tests.backends.rig_docker import docker_rig
from tests.backends.rig_ecs import ecs_rig
from tests.backends.rig_process import process_rig
from tests.fakes.service_server import FakeService

RIGS: dict[str, Callable[[FakeService, str], Rig]] = {
    "process": process_rig,
    "docker": docker_rig,
    "ecs": ecs_rig,
}
LOCAL = [pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker)]
KINDS = [*LOCAL, pytest.param("ecs", marks=pytest.mark.docker)]
_numbers = itertools.count(1)


@pytest.fixture
def service() -> Iterator[FakeService]:
    fake = FakeService()
    yield fake
    fake.close()


@pytest.fixture
def owner() -> str:
    """A name that nobody else has now: other runs of these tests may use the same engine."""
    return f"test{os.getpid()}n{next(_numbers)}"


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest, service: FakeService, owner: str) -> Iterator[Rig]:
    """Each backend in turn; closed, and seen to have left nothing, when the test is over."""
    yield from _rig(request.param, service, owner)


@pytest.fixture(params=LOCAL)
def local_rig(request: pytest.FixtureRequest, service: FakeService, owner: str) -> Iterator[Rig]:
    """Those that belong to a command and end with it."""
    yield from _rig(request.param, service, owner)


def _rig(kind: str, service: FakeService, owner: str) -> Iterator[Rig]:
    made = RIGS[kind](service, owner)
    yield made
    made.backend.close()
    assert made.left() == []


@pytest.fixture
def mark(owner: str) -> str:
    """A word for the command line of processes that a script starts, so that they can be found."""
    return f"left-by-{owner}"
