"""What the tests of the runner's image share."""

from __future__ import annotations

import docker
import pytest

from tests.image.in_image import InImage
from towline.runner_build import RunnerImage


@pytest.fixture(scope="session")
def in_image(docker_client: docker.DockerClient, runner_image: RunnerImage) -> InImage:
    """Runs Python with the runner's folder in any image."""
    return InImage(docker_client, runner_image)
