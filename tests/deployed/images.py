"""Images of users' own, in registries of theirs."""

from __future__ import annotations

import docker

from tests.conftest import Registry


def push_image(
    client: docker.DockerClient, image: str, registry: Registry, path: str = "busybox"
) -> str:
    """The image's name in this registry. Nothing stays on the engine under it."""
    name = f"{registry.address}/deployed/{path}"
    user, password = registry.login or (None, None)
    login = {"username": user, "password": password} if user else None
    client.images.get(image).tag(name, "1")
    try:
        for event in client.images.push(name, "1", stream=True, decode=True, auth_config=login):
            assert "error" not in event, event
    finally:
        client.images.remove(f"{name}:1")
    return f"{name}:1"
