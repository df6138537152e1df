"""One task and its containers, as DescribeTasks and as events show them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.ecs_server.names import cluster_arn, container_arn

TIMES = (
    "createdAt",
    "pullStartedAt",
    "pullStoppedAt",
    "startedAt",
    "stoppingAt",
    "executionStoppedAt",
    "stoppedAt",
)


@dataclass
class Container:
    """``exit_code`` None: it never ran, and then ECS leaves the field out."""

    name: str
    image: str
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    image_digest: str | None = None
    runtime_id: str | None = None


@dataclass
class Task:
    """Changed only under its lock, by ``change``, which counts ``version`` up and tells."""

    arn: str
    cluster: str
    definition: Mapping[str, Any]
    parameters: Mapping[str, Any]
    tell: Callable[[Task], None]
    containers: dict[str, Container]
    times: dict[str, datetime] = field(default_factory=dict)
    version: int = 0
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    stop_code: str | None = None
    stopped_reason: str | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    stop_wanted: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def change(self, last_status: str | None = None, *times: str) -> None:
        """Note a new state, and that these moments are now; emits one event."""
        with self.lock:
            if last_status is not None:
                self.last_status = last_status
            for name in times:
                self.times.setdefault(name, datetime.now(UTC))
            self.version += 1
            self.tell(self)
        if last_status == "STOPPED":
            self.over.set()

    def end(self, stop_code: str, reason: str) -> None:
        """The containers have ended: DEPROVISIONING while the network goes, then STOPPED.

        Why a stop was asked for is kept: what came of it afterwards does not replace it.
        """
        with self.lock:
            self.desired_status = "STOPPED"
            self.stop_code = self.stop_code or stop_code
            self.stopped_reason = self.stopped_reason or reason
            for container in self.containers.values():
                container.last_status = "STOPPED"
        self.change("DEPROVISIONING", "stoppingAt", "executionStoppedAt")
        self.change("STOPPED", "stoppedAt")

    def shown(self, moment: Callable[[datetime], Any]) -> dict[str, Any]:
        """The task as JSON. ``moment`` writes times: seconds in answers, text in events."""
        with self.lock:
            shown: dict[str, Any] = {
                "taskArn": self.arn,
                "clusterArn": cluster_arn(self.cluster),
                "taskDefinitionArn": self.definition["taskDefinitionArn"],
                "group": f"family:{self.definition['family']}",
                "lastStatus": self.last_status,
                "desiredStatus": self.desired_status,
                "version": self.version,
                "cpu": self.definition["cpu"],
                "memory": self.definition["memory"],
                **self._capacity(),
                "platformVersion": "1.4.0",
                "attachments": [],
                "overrides": self.parameters.get("overrides") or {},
                "containers": [self._shown(c) for c in self.containers.values()],
            }
            if self.parameters.get("startedBy"):
                shown["startedBy"] = self.parameters["startedBy"]
            if self.stop_code:
                shown["stopCode"] = self.stop_code
            if self.stopped_reason:
                shown["stoppedReason"] = self.stopped_reason
            return shown | {n: moment(self.times[n]) for n in TIMES if n in self.times}

    def _capacity(self) -> dict[str, Any]:
        """A task shows the launch type or the provider, whichever it was started by."""
        strategy = self.parameters.get("capacityProviderStrategy")
        if strategy:
            return {"capacityProviderName": strategy[0]["capacityProvider"]}
        return {"launchType": "FARGATE"}

    def _shown(self, container: Container) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "containerArn": container_arn(self.arn, container.name),
            "name": container.name,
            "image": container.image,
            "lastStatus": container.last_status,
            "networkInterfaces": [],
        }
        optional = {
            "exitCode": container.exit_code,
            "reason": container.reason,
            "imageDigest": container.image_digest,
            "runtimeId": container.runtime_id,
        }
        return shown | {name: value for name, value in optional.items() if value is not None}
