"""Where a job's fields are in a ``Change``, and the conditions that many changes share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import deadlines
from chalicelib.domain.change import Absent, Condition, Equals, OneOf, Path
from chalicelib.domain.deadlines import after
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.evidence import Report, Stop
from chalicelib.domain.job import Attempt, State
from chalicelib.domain.model import stamp

STATE: Path = ("state",)
ATTEMPT: Path = ("attempt",)
DUE: Path = ("due_at",)
CANCEL: Path = ("cancel_requested_at",)
LIMITED: Path = ("limited",)
WAITING: Path = ("waiting_since",)

UNFINISHED = OneOf(STATE, (State.QUEUED.value, State.STARTING.value, State.RUNNING.value))
UNDER_WAY = OneOf(STATE, (State.STARTING.value, State.RUNNING.value))
"""An attempt has begun and has not been decided."""


def of_attempt(number: int, *names: str) -> Path:
    """Where a field of an attempt is."""
    return ("attempts", str(number), *names)


def without_task(number: int) -> tuple[Condition, ...]:
    """The attempt is the current one, and no task was recorded for it."""
    return (
        Equals(ATTEMPT, number),
        Equals(STATE, State.STARTING.value),
        Absent(of_attempt(number, "task_id")),
    )


def as_judged(number: int, decision: Finish | Retry) -> tuple[Condition, ...]:
    """What the decision took for absent still is, and the stop is the one that it looked at."""
    conditions: list[Condition] = [Absent(of_attempt(number, name)) for name in decision.absent]
    if decision.stop_version is not None:
        conditions.append(Equals(of_attempt(number, "stop", "version"), decision.stop_version))
    return tuple(conditions)


def lease(number: int, now: datetime, lease_s: float) -> Mapping[Path, str]:
    """A lease from now on, and when the reaper asks about it."""
    until = after(now, lease_s)
    return {
        of_attempt(number, "lease_until"): stamp(until),
        DUE: stamp(after(until, deadlines.LEASE_SLACK_S)),
    }


def as_json(value: Attempt | Report | Stop) -> dict[str, Any]:
    """A value as it is stored."""
    return value.model_dump(mode="json", exclude_none=True)
