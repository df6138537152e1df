"""Containers whose images are pulled each time, as Fargate does, and whose output is logged."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, ImageNotFound
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecs

from tests.deployed.bridge.registry import ADDRESS
from tests.fakes.ecs_server.containers import Containers, StartFailed
from tests.fakes.ecs_server.tasks import Task

if TYPE_CHECKING:
    from docker.models.containers import Container as Made

RETRIED = "CannotPullContainerError: pull image manifest has been retried 1 time(s)"


class PullingContainers(Containers):
    """``start`` must be called in a request's scope: its account has the credentials and logs."""

    def __init__(self, client: Any, network: str, owner: str) -> None:
        super().__init__(client, network, owner)
        self._scopes: dict[str, tuple[str, str]] = {}

    def start(self, task: Task) -> None:
        self._scopes[task.arn] = (get_account_id(), get_region())
        super().start(task)

    def _pull(self, task: Task) -> None:
        """Ask the registry for every image; one that this machine has is not good enough."""
        for container in task.containers.values():
            try:
                image = self._from_registry(task, _definition(task, container.name))
            except (APIError, ImageNotFound) as refused:
                container.reason = f"{RETRIED}: {refused.explanation or refused}"
                raise StartFailed(container.reason) from None
            container.image_digest = image.attrs["RepoDigests"][0].rpartition("@")[2]

    def _from_registry(self, task: Task, definition: Mapping[str, Any]) -> Any:
        try:
            with request_scope(*self._scopes[task.arn]):
                login = ecs._resolve_repository_credentials(definition)
        except ecs._SecretResolutionError as missing:
            raise StartFailed(
                "ResourceInitializationError: unable to pull secrets or registry auth:"
                f" execution resource retrieval failed: {missing}"
            ) from None
        architecture = task.definition["runtimePlatform"]["cpuArchitecture"]
        platform = "linux/arm64" if architecture == "ARM64" else "linux/amd64"
        # The engine keeps manifests that it has seen, and pulls by them what is gone: ask first.
        engine: Any = self._client.api
        engine.inspect_distribution(definition["image"], auth_config=login)
        return self._client.images.pull(definition["image"], platform=platform, auth_config=login)

    def close(self) -> None:
        super().close()
        for image in self._client.images.list():
            for name in [*image.tags, *image.attrs["RepoDigests"]]:
                if name.startswith(f"{ADDRESS}/"):
                    # What jobs and pushes left of the emulator's registry; the image stays.
                    with contextlib.suppress(DockerException):
                        self._client.images.remove(name, noprune=True)

    def _make(self, task: Task, name: str) -> Made:
        made = super()._make(task, name)
        config = ecs._awslogs_config(_definition(task, name), task.arn.rpartition("/")[2], made.id)
        if config is not None:
            # Attached before it starts: nothing that it says is missed, however short it lives.
            output = made.attach(stdout=True, stderr=True, stream=True, logs=True)
            threading.Thread(
                target=_forward, args=(output, config, self._scopes[task.arn]), daemon=True
            ).start()
        return made


def _forward(output: Any, config: dict[str, Any], scope: tuple[str, str]) -> None:
    """Copy a container's output to CloudWatch, a line an event, as the awslogs driver does."""
    with request_scope(*scope):
        if not ecs._ensure_awslogs_stream(config):
            return
        rest = b""
        try:
            for part in output:
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    ecs._emit_awslogs_event(config, line.decode("utf-8", "replace"))
        except (DockerException, OSError):
            return
        if rest:
            ecs._emit_awslogs_event(config, rest.decode("utf-8", "replace"))


def _definition(task: Task, name: str) -> Mapping[str, Any]:
    definitions: list[Mapping[str, Any]] = task.definition["containerDefinitions"]
    return next(definition for definition in definitions if definition["name"] == name)
