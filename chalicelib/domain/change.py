"""A conditional write as a value: rules make it, a store performs it.

Each transition returns a ``Change`` without reading anything. The store applies it in one
conditional write and gives back the job as it is afterwards, or raises ``Conflict`` with the job
as it is now. Tests apply the same value to a plain dict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
"""Where a field is: ``("state",)`` or ``("attempts", "1", "report")``."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The field holds this value."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field holds one of these values."""

    path: Path
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """The field is not there (None is stored as not there)."""

    path: Path


@dataclass(frozen=True, slots=True)
class Present:
    """The field is there."""

    path: Path


@dataclass(frozen=True, slots=True)
class AbsentOrEquals:
    """The field is not there, or holds this value: a repeated write is harmless."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class AbsentOrLess:
    """The field is not there, or holds a smaller number: the newest wins."""

    path: Path
    value: int


Condition = Equals | OneOf | Absent | Present | AbsentOrEquals | AbsentOrLess


@dataclass(frozen=True, slots=True)
class Change:
    """What to write and when it may be written. All conditions must hold.

    Values in ``set`` are JSON-like, as ``model_dump(mode="json", exclude_none=True)`` makes them;
    times are ISO 8601 in UTC with microseconds, so that they sort as text. The store itself adds
    ``version + 1`` and ``updated_at``.
    """

    set: Mapping[Path, Any] = field(default_factory=dict)
    remove: tuple[Path, ...] = ()
    when: tuple[Condition, ...] = ()
