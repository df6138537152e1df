"""A store of one job as a plain dict: what a ``Change`` means, with nothing around it."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from chalicelib.domain.change import (
    Absent,
    AbsentOrEquals,
    AbsentOrLess,
    Change,
    Condition,
    Equals,
    OneOf,
    Path,
    Present,
)
from chalicelib.domain.job import Job
from chalicelib.domain.model import stamp

_NOTHING = object()


class NotHeld(Exception):  # noqa: N818 - an answer, as the store's Conflict is
    """A condition of the change does not hold; nothing was written."""


def as_dict(job: Job) -> dict[str, Any]:
    """The job as a store keeps it."""
    stored: dict[str, Any] = job.model_dump(mode="json", exclude_none=True)
    return stored


def as_job(stored: dict[str, Any]) -> Job:
    return Job.model_validate(stored)


def apply_to(stored: dict[str, Any], change: Change, *, now: datetime) -> dict[str, Any]:
    """The job after the change, as a new dict. Raises ``NotHeld``."""
    for condition in change.when:
        if not holds(stored, condition):
            raise NotHeld(repr(condition))
    after = copy.deepcopy(stored)
    for path, value in change.set.items():
        _parent(after, path)[path[-1]] = copy.deepcopy(value)
    for path in change.remove:
        _parent(after, path).pop(path[-1], None)
    after["version"] += 1
    after["updated_at"] = stamp(now)
    return after


def holds(stored: dict[str, Any], condition: Condition) -> bool:
    """Whether a condition holds, as DynamoDB reads it: a comparison with nothing is false."""
    found = _get(stored, condition.path)
    match condition:
        case Equals(value=value):
            return bool(found == value)
        case OneOf(values=values):
            return found in values
        case Absent():
            return found is _NOTHING
        case Present():
            return found is not _NOTHING
        case AbsentOrEquals(value=value):
            return found is _NOTHING or bool(found == value)
        case AbsentOrLess(value=value):
            return found is _NOTHING or found < value


def _get(stored: Any, path: Path) -> Any:
    for name in path:
        if not isinstance(stored, dict) or name not in stored:
            return _NOTHING
        stored = stored[name]
    return stored


def _parent(stored: dict[str, Any], path: Path) -> dict[str, Any]:
    for name in path[:-1]:
        # As in DynamoDB: a path through something that is not there can't be written.
        stored = stored[name]
    return stored
