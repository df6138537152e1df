"""Where figures go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Meter(Protocol):
    """Counts and measures what operators watch.

    Dimensions hold words of a small, closed set, never an id. Nothing here raises: a figure that
    is lost harms no job. Nothing here may be repeated: count after the write that only one wins.
    """

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Add to one figure."""
        ...

    def measure(self, values: Mapping[str, float]) -> None:
        """One value of each of these figures, by name; each has a unit of its own."""
        ...
