"""What every use case is given: the outside world as interfaces, the clock and chance."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.build_ports import BuildSide
from chalicelib.ports import (
    Backend,
    CheckoutTokens,
    ImageInspector,
    JobQueue,
    JobStore,
    LogStore,
    Meter,
    RegistryCredentials,
    SecretStore,
    ServerKey,
    SpecStore,
    TokenStore,
)
from chalicelib.project_port import ProjectSlots, ProjectStore, ProjectTokens
from chalicelib.settings import Settings

log = logging.getLogger("towline.usecases")


class LoggedMeter:
    """Metrics as debug lines: for local mode and tests, where nobody collects them."""

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        log.debug("metric %s %+d %s", name, value, dimensions)

    def measure(self, values: Mapping[str, float]) -> None:
        log.debug("metrics %s", dict(values))


@dataclass(frozen=True, slots=True)
class Collaborators:
    """One deployment as the use cases see it. Nothing in here is touched before it is used."""

    store: JobStore
    queue: JobQueue
    specs: SpecStore
    logs: LogStore
    secrets: SecretStore
    registries: RegistryCredentials
    tokens: TokenStore
    projects: ProjectStore
    slots: ProjectSlots
    project_tokens: ProjectTokens
    backend: Backend
    server_key: ServerKey
    clock: Callable[[], datetime]
    """Now, in UTC."""
    random_bytes: Callable[[int], bytes]
    settings: Settings
    images: ImageInspector | None = None
    """None: images are taken unseen."""
    checkout_tokens: CheckoutTokens | None = None
    """None: the project's secrets that the specs name."""
    meter: Meter = field(default_factory=LoggedMeter)
    builds: BuildSide | None = None
    """None: this deployment takes no webhooks."""

    def chance(self) -> float:
        """A number in [0, 1), to spread what would otherwise come back all at once."""
        return int.from_bytes(self.random_bytes(2), "big") / 65536

    def jittered(self, delay_s: float) -> int:
        """Between half of the delay and one and a half times it, within the 900 s of a queue.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
        """
        return max(0, min(900, round(delay_s * (0.5 + self.chance()))))
