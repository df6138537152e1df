"""kill -9 of the command: its containers are gone within ten seconds, and nobody else's."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import docker
import pytest
from docker.errors import NotFound

from tests.backends.rig import gone, until
from towline.backends.docker_container import OWNER_LABEL, owner_label
from towline.backends.docker_engine import Engine
from towline.backends.guardian import Guardian

pytestmark = pytest.mark.docker

COMMAND = """
import sys
from towline.backends.guardian import Guardian
guardian = Guardian(sys.argv[1], None)
print(guardian.pid, flush=True)
sys.stdin.read()
"""

MakeContainer = Callable[[str], str]


@pytest.fixture
def container(docker_client: docker.DockerClient, busybox_image: str) -> Iterator[MakeContainer]:
    """Starts containers that carry an owner's label; what is left of them goes with the test."""
    made: list[str] = []

    def one(owner: str) -> str:
        made.append(f"guarded-{owner}")
        docker_client.containers.run(
            busybox_image,
            ["sleep", "300"],
            name=made[-1],
            labels={OWNER_LABEL: owner},
            network_mode="none",
            detach=True,
        )
        return made[-1]

    yield one
    for name in made:
        with contextlib.suppress(NotFound):
            docker_client.containers.get(name).remove(force=True)


def test_containers_of_a_killed_command_are_removed_and_others_left(
    container: MakeContainer, docker_client: docker.DockerClient, owner: str
) -> None:
    mine, other = container(owner), container(f"{owner}-other")
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, owner], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert command.stdout is not None
    guardian = int(command.stdout.readline())
    command.kill()
    command.communicate()
    label = owner_label(owner)
    until(lambda: mine not in Engine().containers(label), "it is removed", timeout_s=10)
    assert gone([guardian], timeout_s=30)
    assert docker_client.containers.get(other).status == "running"


def test_a_dismissed_guardian_leaves_and_removes_nothing(
    container: MakeContainer, docker_client: docker.DockerClient, owner: str
) -> None:
    name = container(owner)
    guardian = Guardian(owner, None)
    guardian.dismiss(well=True)
    guardian.dismiss(well=True)
    assert gone([guardian.pid], timeout_s=0)
    assert docker_client.containers.get(name).status == "running"
