"""What truly happened to each task: kept by the model, never read from the service."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.evidence import Report, Stop
from chalicelib.domain.job import Job
from chalicelib.domain.verdict import Cause
from chalicelib.ports import LaunchRequest


@dataclass
class TaskTruth:
    """One container, from the inside and the outside."""

    task_id: str
    request: LaunchRequest
    started_at: datetime
    state: str = "pending"
    nonces: set[str] = field(default_factory=set)
    """Runners inside that asked for the job."""
    holder: str | None = None
    """The one whose claim was answered with the job."""
    report: Report | None = None
    """What the script's end truly was, once it had one."""
    acked: bool = False
    stops: list[Stop] = field(default_factory=list)
    """All that the engine has ever said of its end; the last one is the newest."""
    why: Cause | None = None
    """What truly ended it from the outside, if anything did."""
    forgotten: bool = False
    """The engine knows nothing of it any more."""
    disturbed: bool = False
    """Something happened to it that a job's own script is not to blame for."""
    wants: str = ""
    """How this task will go; the script's own end when nothing comes between."""

    @property
    def alive(self) -> bool:
        return self.state in ("pending", "running")


@dataclass
class JobTruth:
    """One job as its submitter and the outside know it."""

    key: str
    fate: str
    cancel_asked: bool = False
    refused: bool = False
    """The backend refuses every launch of it."""
    short_queue: bool = False
    accepted: str | None = None
    script: Report | None = None
    """How its script ends when it is left alone."""


@dataclass
class Truth:
    """All of one walk."""

    jobs: dict[str, JobTruth] = field(default_factory=dict)
    tasks: dict[tuple[str, int], list[TaskTruth]] = field(default_factory=dict)
    latest: dict[str, Job] = field(default_factory=dict)
    """Each job as the last write left it."""
    ended: dict[str, Job] = field(default_factory=dict)
    """Each job as the write of its verdict left it."""
    faults: list[str] = field(default_factory=list)
    """What must never be, and was. Collected, as the service logs and survives exceptions."""
    figures: Counter[str] = field(default_factory=Counter)

    def task_of(self, job_id: str, attempt: int) -> TaskTruth | None:
        tasks = self.tasks.get((job_id, attempt), [])
        return tasks[-1] if tasks else None

    def wrong(self, what: str) -> None:
        self.faults.append(what)
