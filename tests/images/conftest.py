"""Images in real registries; only tests marked ``registry`` and ``docker`` may ask for them."""

from __future__ import annotations

import uuid

import docker
import pytest

from tests.conftest import Registry


def _push(client: docker.DockerClient, image: str, registry: Registry) -> str:
    name = f"{registry.address}/images/{uuid.uuid4().hex}"
    client.images.get(image).tag(name, "here")
    user, password = registry.login or ("", "")
    auth = {"username": user, "password": password} if registry.login else None
    try:
        for line in client.images.push(name, "here", auth_config=auth, stream=True, decode=True):
            assert "error" not in line, line
    finally:
        client.images.remove(f"{name}:here")
    return f"{name}:here"


@pytest.fixture
def pushed(docker_client: docker.DockerClient, busybox_image: str, registry: Registry) -> str:
    """In the open registry, and not on the engine."""
    return _push(docker_client, busybox_image, registry)


@pytest.fixture
def pushed_closed(
    docker_client: docker.DockerClient, busybox_image: str, closed_registry: Registry
) -> str:
    """In the registry that wants a password."""
    return _push(docker_client, busybox_image, closed_registry)


@pytest.fixture
def engine_platform(docker_client: docker.DockerClient, busybox_image: str) -> str:
    attrs = docker_client.images.get(busybox_image).attrs
    return f"{attrs['Os']}/{attrs['Architecture']}"
