"""Containers of any image whose first process is the runner, as the backend starts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import docker
import pytest
from docker.models.containers import Container

from tests.runner.fake_service import PATIENCE_S, FakeService
from towline.runner_build import RunnerImage

Begin = Callable[..., Container]


@pytest.fixture
def begin(
    docker_client: docker.DockerClient, runner_image: RunnerImage, service: FakeService
) -> Iterator[Begin]:
    """Start one; it is gone afterwards."""
    started: list[Container] = []

    def run(image: str, env: dict[str, str] | None = None, **volumes: dict[str, str]) -> Container:
        container = docker_client.containers.run(
            image,
            entrypoint=list(runner_image.entrypoint),
            command=[],
            user="0",
            detach=True,
            network_mode="host",
            volumes={
                runner_image.volume: {"bind": runner_image.folder, "mode": "ro"},
                **volumes,
            },
            environment={
                "TOWLINE_URL": service.url,
                "TOWLINE_JOB": "j",
                "TOWLINE_TOKEN": "1.5f",
                **(env or {}),
            },
        )
        started.append(container)
        return container

    yield run
    for container in started:
        container.remove(force=True)


def status(container: Container) -> int:
    """Its exit code, once it has ended."""
    return int(container.wait(timeout=PATIENCE_S)["StatusCode"])
