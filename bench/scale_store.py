"""A store, a queue and small things in memory, which say how long they would have taken."""

from __future__ import annotations

import copy
import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.aws.queue import MAX_DELAY_S
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
from chalicelib.domain.project import Project
from chalicelib.ports import Conflict, JobFilter, JobPage

START = datetime(2026, 1, 1, tzinfo=UTC)
WRITE_S = 0.008
"""One conditional write, as one Lambda sees it. A guess: DynamoDB promises single digits."""
SEND_S = 0.012
_NOTHING = object()


@dataclass
class Clock:
    """Simulated seconds. ``took`` is what the work under way has taken so far."""

    at: float = 0.0
    took: float = 0.0

    @property
    def now_s(self) -> float:
        return self.at + self.took

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.now_s)


class MemoryStore:
    """``ports.JobStore`` over dicts: the same conditions, one job at a time."""

    def __init__(self, clock: Clock, counts: Counter[str]) -> None:
        self._clock = clock
        self._counts = counts
        self._jobs: dict[str, dict[str, Any]] = {}
        self._under_way: list[tuple[str, str]] = []
        self._waiting: list[tuple[str, str]] = []

    def create(
        self, job: Job, *, idempotency_key: str | None = None, request_hash: str = ""
    ) -> tuple[Job, bool]:
        self._jobs[job.id] = job.model_dump(mode="json", exclude_none=True)
        self._note_due(job.id, self._waiting)
        return job, True

    def made_by(
        self, project: str, idempotency_key: str, request_hash: str, *, now: datetime
    ) -> Job | None:
        return None

    def get(self, job_id: str) -> Job | None:
        stored = self._jobs.get(job_id)
        return None if stored is None else Job.model_validate(stored)

    def apply(self, job_id: str, change: Change, *, now: datetime) -> Job:
        self._clock.took += WRITE_S
        self._counts["writes"] += 1
        stored = self._jobs.get(job_id)
        if stored is None or not all(_holds(stored, condition) for condition in change.when):
            raise Conflict(self.get(job_id))
        for path, value in change.set.items():
            _parent(stored, path)[path[-1]] = copy.deepcopy(value)
        for path in change.remove:
            _parent(stored, path).pop(path[-1], None)
        stored["version"] += 1
        stored["updated_at"] = stamp(now)
        if ("due_at",) in change.set:
            waits = ("sent_at",) in change.set
            self._note_due(job_id, self._waiting if waits else self._under_way)
        return Job.model_validate(stored)

    def due(self, now: datetime, limit: int) -> Sequence[Job]:
        """Shared out as by ``JobLists``."""
        under_way = self._first_due(self._under_way, now, limit)
        waiting = self._first_due(self._waiting, now, limit)
        kept = under_way[: limit - min(len(waiting), limit // 4)]
        return [*kept, *waiting[: limit - len(kept)]]

    def under_way_lag_s(self, now: datetime) -> float:
        """For how long the first of the jobs that do not wait for a launcher has been due."""
        first = self._first_due(self._under_way, now, 1)
        due_at = first[0].due_at if first else None
        return 0.0 if due_at is None else (now - due_at).total_seconds()

    def _first_due(self, heap: list[tuple[str, str]], now: datetime, limit: int) -> Sequence[Job]:
        found: dict[str, Job] = {}
        until = stamp(now)
        kept = []
        while heap and heap[0][0] <= until and len(found) < limit:
            due_at, job_id = heapq.heappop(heap)
            if self._jobs[job_id].get("due_at") == due_at and job_id not in found:
                found[job_id] = Job.model_validate(self._jobs[job_id])
                kept.append((due_at, job_id))
        for entry in kept:
            heapq.heappush(heap, entry)
        return list(found.values())

    def _note_due(self, job_id: str, heap: list[tuple[str, str]]) -> None:
        due_at = self._jobs[job_id].get("due_at")
        if due_at is not None:
            heapq.heappush(heap, (due_at, job_id))

    def list(self, query: JobFilter) -> JobPage:
        raise NotImplementedError


def _holds(stored: dict[str, Any], condition: Condition) -> bool:
    """As DynamoDB reads it: a comparison with nothing is false."""
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
        stored = stored[name]
    return stored


@dataclass
class MemoryQueue:
    """``ports.JobQueue``: a message is visible after its delay, the oldest first."""

    clock: Clock
    counts: Counter[str]
    waiting: list[tuple[float, int, str]] = field(default_factory=list)
    _number: int = 0

    def send(self, job_id: str, *, delay_s: int = 0) -> None:
        assert 0 <= delay_s <= MAX_DELAY_S
        self.clock.took += SEND_S
        self.counts["sends"] += 1
        self._number += 1
        heapq.heappush(self.waiting, (self.clock.now_s + delay_s, self._number, job_id))

    def take(self, now_s: float, most: int) -> list[str]:
        """A batch of what is visible."""
        batch: list[str] = []
        while self.waiting and self.waiting[0][0] <= now_s and len(batch) < most:
            batch.append(heapq.heappop(self.waiting)[2])
        return batch


class NoProjects:
    """Nobody has registered one, so there are no settings and no limits."""

    def find(self, name: str) -> None:
        return None

    def get(self, name: str) -> None:
        return None

    def of_repository(self, repository_id: int) -> None:
        return None

    def all(self) -> list[Project]:
        return []

    def put(self, project: Project, *, replaces: int | None) -> None:
        raise NotImplementedError

    def remove(self, name: str) -> bool:
        raise NotImplementedError


class OneKey:
    def key(self) -> bytes:
        return b"k" * 32


class NoFigures:
    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Nobody looks."""

    def measure(self, values: Any) -> None:
        """Nobody looks."""
