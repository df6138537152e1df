"""What can be decided about a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.job import State
from chalicelib.domain.verdict import Cause, Verdict


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now. ``look_at``: when the reaper looks again (only from decide_overdue)."""

    detail: str = ""
    look_at: datetime | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end, with its verdict. ``exit_code`` and ``signal`` are the script's own: exactly one
    is there for passed and failed, none otherwise.

    ``state`` is the one that was judged, ``absent`` names the attempt's fields that were not there,
    and ``stop_version`` is the stop's that was looked at; the write holds only while these are so.
    """

    verdict: Verdict
    cause: Cause | None = None
    detail: str = ""
    exit_code: int | None = None
    signal: int | None = None
    state: State | None = None
    absent: tuple[str, ...] = ()
    stop_version: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """This attempt is over, the next one begins after ``delay_s`` seconds."""

    cause: Cause
    detail: str
    delay_s: int
    queue_timeout_s: float = 24 * 3600.0
    absent: tuple[str, ...] = ()
    stop_version: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """The job's id must go to the launch queue (again); look again at ``look_at``."""

    look_at: datetime
    detail: str = ""
    rule: str = ""


Decision = Wait | Finish | Retry
OverdueDecision = Decision | Send
