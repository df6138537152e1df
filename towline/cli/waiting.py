"""What to say while a job has printed nothing yet, or the service does not answer.

A long pull must not look like a hang, and a moment without a network must not end a long wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.domain.quantities import format_duration
from towline.cli.terminal import Terminal

if TYPE_CHECKING:
    from towline.client.errors import ClientError
    from towline.client.service import Service

QUIET_S = 2.0
PATIENCE_S = 120.0
"""How long a follower asks a service that was there and is not."""
WORDS = {
    "queued": "the job waits in the queue",
    "starting": "the job's container is being started",
    "running": "the script runs and has printed nothing yet",
}


class Waiting:
    """Looks at the job every two seconds until its log begins; each news is said once."""

    def __init__(
        self,
        service: Service,
        job_id: str,
        terminal: Terminal,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._job_id = job_id
        self._terminal = terminal
        self._monotonic = monotonic
        self._next = monotonic() + QUIET_S
        self._said: set[str] = set()
        self._over = False

    def log_began(self) -> None:
        """The log speaks for itself now."""
        self._over = True

    def look(self) -> None:
        """Say what is new, when it is time to look."""
        if self._over or self._monotonic() < self._next:
            return
        self._next = self._monotonic() + QUIET_S
        job = self._service.job(self._job_id)
        for attempt in job["attempts"]:
            if attempt.get("cause"):
                why = f"{attempt['cause']}: {attempt['detail']}".removesuffix(": ")
                self._say(f"attempt {attempt['number']} was given up ({why}); it is tried again")
        if job["state"] in WORDS:
            self._say(WORDS[job["state"]])

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._terminal.say(text)


class Patience:
    """Lets a follower ask again for two minutes; what is wrong is said once."""

    def __init__(self, terminal: Terminal, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._monotonic = monotonic
        self._since = monotonic()

    def __call__(self, error: ClientError, again: int) -> None:
        """Raises ``error`` when the service has been silent for too long."""
        now = self._monotonic()
        if again > 1:
            if now - self._since >= PATIENCE_S:
                raise error
        else:
            self._since = now
            self._terminal.warn(f"{error} Trying again for {format_duration(PATIENCE_S)}.")
