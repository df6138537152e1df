"""How long one call may take, and who waits: a moment inside the call, all else by the queue."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.github.client.limits import BROKEN_S


@dataclass(frozen=True, slots=True)
class Patience:
    """A Lambda that sleeps is paid for, so only short waits happen inside a call."""

    tries: int = 3
    timeout_s: float = 10.0
    """For each try, all of it."""
    waits_s: float = 3.0
    """The sum of all waits inside one call. What needs more becomes ``TryLater``."""
    first_wait_s: float = 0.5
    """After a failure that names no time; each further one is twice as long."""
    later_s: float = BROKEN_S
    """What ``TryLater`` says when GitHub named no time."""

    def pause(self, tried: int, jitter: float) -> float:
        """Seconds before the next try, after ``tried`` of them. ``jitter`` is from 0 to 1."""
        return float(self.first_wait_s * 2 ** (tried - 1) * (0.5 + jitter / 2))


NONE = Patience(tries=1, waits_s=0.0)
"""One try, no waiting: for routes that must answer at once."""
