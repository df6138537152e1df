"""A job as it is stored: its spec, its state, its attempts and their evidence."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from chalicelib.domain.evidence import Report, Stop
from chalicelib.domain.model import Stored, Timestamp
from chalicelib.domain.spec import Arch, Capacity
from chalicelib.domain.verdict import Cause, Verdict


class State(StrEnum):
    """``queued -> starting -> running -> finished``; a retry goes back to ``queued``."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"


class Attempt(Stored):
    """One try at a job: one task, one runner release. Kept for ever, with its evidence."""

    number: int
    release: str = Field(default="", description="the runner image by digest, pinned at launch")
    launch_try: int = Field(default=1, description="rises only after a definite refusal")
    capacity: Capacity | None = Field(default=None, description="null: as the job asked")
    started_at: Timestamp = Field(description="when queued became starting")
    task_id: str | None = None
    launched_at: Timestamp | None = Field(default=None, description="when its task was started")
    nonce: str | None = Field(default=None, description="the claiming runner's own; never shown")
    claimed_at: Timestamp | None = None
    lease_until: Timestamp | None = None
    log_bytes: int = 0
    report: Report | None = None
    reported_at: Timestamp | None = None
    stop: Stop | None = None
    stop_seen_at: Timestamp | None = None
    cause: Cause | None = Field(default=None, description="why this attempt was given up, if so")
    detail: str = ""


class Job(Stored):
    """One job and its life. ``version`` rises with every write.

    ``due_at`` is when the reaper looks at it next; a finished job has none.
    """

    id: str
    version: int = 1
    project: str
    name: str = ""
    state: State = State.QUEUED
    created_at: Timestamp
    updated_at: Timestamp
    due_at: Timestamp | None = None
    queue_deadline: Timestamp
    queue_timeout_s: float = Field(default=24 * 3600.0, description="a retry queues so long again")
    spec: str | None = Field(default=None, description="the JobSpec as JSON, when it fits")
    spec_key: str | None = Field(default=None, description="where it is in S3, when it does not")
    timeout_s: float
    grace_s: float
    retry_lost: int = 0
    image: str | None = None
    cpu: float = 1.0
    memory_mib: int = 2048
    arch: Arch = "x86_64"
    capacity: Capacity = "on_demand"
    rerun_of: str | None = None
    build: str | None = Field(default=None, description="the build that it is a job of")
    build_job: str | None = Field(default=None, description="its name in the build")
    submitted_by: str = ""
    restricted: bool = Field(
        default=False, description="a stranger's code: no secrets, no role, no registry login"
    )
    limited: bool = Field(
        default=False, description="it needs one of its project's slots to be launched"
    )
    waiting_since: Timestamp | None = Field(default=None, description="for a slot, if it does")
    sent_at: Timestamp | None = Field(default=None, description="when its id last was queued")
    attempt: int = Field(default=0, description="the current attempt's number; 0 before the first")
    attempts: dict[str, Attempt] = Field(default_factory=dict)
    cancel_requested_at: Timestamp | None = None
    verdict: Verdict | None = None
    cause: Cause | None = None
    detail: str = ""
    rule: str = Field(default="", description="the row of docs/verdicts.md that decided")
    exit_code: int | None = None
    signal: int | None = None
    finished_at: Timestamp | None = None

    @property
    def current(self) -> Attempt | None:
        """The current attempt, or None before the first launch."""
        return self.attempts.get(str(self.attempt))

    @property
    def setup_failed(self) -> bool:
        """It failed by itself before its script was begun; how it is shown, and no verdict."""
        report = self.current.report if self.current else None
        return self.verdict is Verdict.FAILED and report is not None and report.ended_in_setup

    def capacity_of(self, attempt: Attempt) -> Capacity:
        """What the attempt is started on; its launch request is made from this alone."""
        return attempt.capacity or self.capacity
