"""What every use case is given: the outside world as interfaces, the clock and chance."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.ports import (
    Backend,
    JobQueue,
    JobStore,
    LogStore,
    Meter,
    SecretStore,
    ServerKey,
    SpecStore,
    TokenStore,
)
from chalicelib.settings import Settings

log = logging.getLogger("towline.usecases")


class LoggedMeter:
    """Metrics as debug lines: for local mode and tests, where nobody collects them."""

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        log.debug("metric %s %+d %s", name, value, dimensions)


@dataclass(frozen=True, slots=True)
class Collaborators:
    """One deployment as the use cases see it. Nothing in here is touched before it is used."""

    store: JobStore
    queue: JobQueue
    specs: SpecStore
    logs: LogStore
    secrets: SecretStore
    tokens: TokenStore
    backend: Backend
    server_key: ServerKey
    clock: Callable[[], datetime]
    """Now, in UTC."""
    random_bytes: Callable[[int], bytes]
    settings: Settings
    meter: Meter = field(default_factory=LoggedMeter)

    def chance(self) -> float:
        """A number in [0, 1), to spread what would otherwise come back all at once."""
        return int.from_bytes(self.random_bytes(2), "big") / 65536

    def jittered(self, delay_s: float) -> int:
        """Between half of the delay and one and a half times it, within the 900 s of a queue.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
        """
        return max(0, min(900, round(delay_s * (0.5 + self.chance()))))
