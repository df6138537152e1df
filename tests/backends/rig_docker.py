"""The docker backend on the bench: the network of this machine, so that runners reach loopback."""

from __future__ import annotations

import os
from typing import Any

from tests.backends.rig import Rig, Stops
from tests.fakes.service_server import FakeService
from towline.backends.docker import DockerBackend
from towline.backends.docker_container import owner_label
from towline.backends.docker_engine import Engine

BASE = os.environ.get("TOWLINE_RUNNER_BASE", "towline-base:bookworm")


def docker_rig(
    service: FakeService, owner: str, *, image: str | None = None, **settings: Any
) -> Rig:
    engine = Engine(settings.get("address"))

    def backend(stops: Stops, service: FakeService) -> DockerBackend:
        defaults: dict[str, Any] = {"network": "host", "runner_base": BASE}
        return DockerBackend(
            runner_url=service.url, on_stop=stops, owner=owner, **(defaults | settings)
        )

    return Rig(
        backend,
        service,
        pid_of=lambda task_id: int(engine.inspect(task_id)["State"]["Pid"]),
        left=lambda: list(engine.containers(owner_label(owner))),
        image=image,
    )
