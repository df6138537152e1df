"""Tells a follower in this process that a job is over, so that it need not ask."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.usecases.collaborators import LoggedMeter

ENDS = frozenset({"JobsFinished", "AttemptsRetried"})
"""Counted right after the write that they are about."""


class RingingMeter(LoggedMeter):
    """``ports.Meter`` that rings when an attempt is over."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._over = False

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        super().count(name, value, **dimensions)
        if name in ENDS:
            self._over = True
            self._ring()

    def heard_of_an_end(self) -> bool:
        """Whether an attempt ended since this was last asked."""
        over, self._over = self._over, False
        return over
