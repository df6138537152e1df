"""How long each phase of an attempt took, from the times in its evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.evidence import Stop
from chalicelib.domain.job import Attempt, Job


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds. None: the phase did not end, or nobody saw when.

    A phase whose end nobody saw is counted with the one after it: an engine that tells nothing of
    a pull has a longer start, and the phases add up to the attempt's time all the same.
    """

    queue_s: float | None = None
    """Waiting for a task: since the submission, or since the attempt before was over."""
    provision_s: float | None = None
    """The task was accepted, and got its host and network interface."""
    pull_s: float | None = None
    start_s: float | None = None
    """The containers were started and the runner claimed the job."""
    run_s: float | None = None
    """The runner had the job: the script, and all of its log uploaded."""


def phases(job: Job, attempt: Attempt) -> Phases:
    """The phases of one of the job's attempts so far.

    The times come from several clocks (ours, the engine's); a difference that they make negative
    is 0. The shape of the engine's times:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """
    stop = attempt.stop or Stop(task_id="", version=0)
    ends = {
        "queue_s": _moment(stop.created_at) or attempt.launched_at,
        "provision_s": _moment(stop.pull_started_at),
        "pull_s": _moment(stop.pull_stopped_at),
        "start_s": attempt.claimed_at,
        "run_s": (attempt.reported_at or _moment(stop.stopped_at)) if attempt.claimed_at else None,
    }
    took: dict[str, float] = {}
    begin = _waiting_since(job, attempt)
    for name, end in ends.items():
        if end is not None:
            took[name] = max(0.0, round((end - begin).total_seconds(), 3))
            begin = end
    return Phases(**took)


def _waiting_since(job: Job, attempt: Attempt) -> datetime:
    """When the job began to wait for this attempt; a retry's pause counts as waiting."""
    before = job.attempts.get(str(attempt.number - 1))
    if before is None:
        return job.created_at
    return max(_known(before), default=job.created_at)


def _known(attempt: Attempt) -> Iterable[datetime]:
    """When anything was heard of the attempt."""
    stopped = _moment(attempt.stop.stopped_at) if attempt.stop else None
    times = (attempt.launched_at, attempt.claimed_at, attempt.reported_at, stopped)
    return (time for time in (attempt.started_at, *times) if time is not None)


def _moment(text: str | None) -> datetime | None:
    """A time of the evidence, which holds readable ones with a zone alone."""
    return datetime.fromisoformat(text) if text else None
