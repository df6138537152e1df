"""Where jobs are kept, and the queue that carries their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.change import Change
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Verdict


class Conflict(Exception):  # noqa: N818 - it is an answer of the store, not a fault
    """A conditional write did not hold. ``current`` is the job as it is now; None: no such job."""

    def __init__(self, current: Job | None) -> None:
        super().__init__("the job has changed" if current else "no such job")
        self.current = current


class IdempotencyMismatch(Exception):  # noqa: N818 - the submitter's mistake, rendered as 409
    """The key was used before with another request."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list, newest first. All given conditions must hold."""

    project: str | None = None
    state: State | None = None
    verdict: Verdict | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    jobs: tuple[Job, ...]
    cursor: str | None
    """Give it back for the next page; None: this was the last one."""


class JobStore(Protocol):
    """Jobs with conditional writes. Driver errors come out as ``ServiceTrouble``."""

    def create(
        self, job: Job, *, idempotency_key: str | None = None, request_hash: str = ""
    ) -> tuple[Job, bool]:
        """Store a new job; ``(job, True)``. With a key that was used: ``(the first job, False)``.

        One write (a transaction with a key). Raises ``IdempotencyMismatch`` when the key was
        used for another ``request_hash``. May be repeated.
        """
        ...

    def made_by(
        self, project: str, idempotency_key: str, request_hash: str, *, now: datetime
    ) -> Job | None:
        """The job that ``create`` made with this key, None when it made none or that is forgotten.

        Raises ``IdempotencyMismatch`` as ``create`` does.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """The job by a consistent read."""
        ...

    def apply(self, job_id: str, change: Change, *, now: datetime) -> Job:
        """Perform the change in one conditional write; the job as it is afterwards.

        Raises ``Conflict``, with the current job, at no further request.
        """
        ...

    def list(self, query: JobFilter) -> JobPage:
        """Jobs by filter, newest first, a page at a time. Raises ``ValueError`` on a bad cursor."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[Job]:
        """Unfinished jobs whose ``due_at`` has passed: the reaper's work.

        Oldest first, but jobs whose id is on the launch queue do not push out the others.
        """
        ...


class JobQueue(Protocol):
    def send(self, job_id: str, *, delay_s: int = 0) -> None:
        """Put the id, and nothing else, on the launch queue. At least once; 0-900 s of delay."""
        ...


class SpecStore(Protocol):
    """Specs too large for a table item."""

    def put(self, job_id: str, spec_json: str) -> str:
        """Store it and give its key. May be repeated."""
        ...

    def get(self, key: str) -> str: ...
