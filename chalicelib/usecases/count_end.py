"""The figures of an attempt's end. Called after the write that only one wins, so nothing is counted
twice however often an event comes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from chalicelib.domain.blame import failed_pull, fault_of, missed_deadline
from chalicelib.domain.cost import job_cost_usd
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.job import Job
from chalicelib.domain.phases import phases
from chalicelib.domain.verdict import Verdict
from chalicelib.usecases.collaborators import Collaborators

PHASE_FIGURES = {
    "queue_s": "QueueSeconds",
    "provision_s": "ProvisionSeconds",
    "pull_s": "PullSeconds",
    "start_s": "StartSeconds",
    "run_s": "RunSeconds",
}

log = logging.getLogger("towline.usecases")


def count_finish(co: Collaborators, job: Job, decision: Finish) -> None:
    """The job, as it is after the write, has its verdict. Not repeatable."""
    with _harmless():
        cause = decision.cause.value if decision.cause else "none"
        co.meter.count("JobsFinished", verdict=decision.verdict.value, cause=cause)
        if decision.verdict is Verdict.ERRORED:
            co.meter.count("JobsErrored", fault=fault_of(decision.cause, decision.rule).value)
        _count_attempt(co, job, decision)
        values = _durations(job)
        cost = job_cost_usd(job)
        if cost is not None:
            values["JobCostUsd"] = cost
        if values:
            co.meter.measure(values)


def count_retry(co: Collaborators, job: Job, decision: Retry) -> None:
    """The attempt was given up and the job, as it is after the write, is queued again."""
    with _harmless():
        co.meter.count("AttemptsRetried", cause=decision.cause.value)
        _count_attempt(co, job, decision)


@contextmanager
def _harmless() -> Iterator[None]:
    """The write is done; what follows it must happen, even if a figure can't be made."""
    try:
        yield
    except Exception:
        log.exception("the figures of this end were not all counted")


def _count_attempt(co: Collaborators, job: Job, decision: Finish | Retry) -> None:
    subject = failed_pull(job, decision.cause)
    if subject is not None:
        co.meter.count("PullFailures", subject=subject.value)
    if missed_deadline(decision):
        co.meter.count("JobsOverdue")


def _durations(job: Job) -> dict[str, float]:
    attempt = job.current
    if attempt is None:
        return {}
    took = asdict(phases(job, attempt))
    return {PHASE_FIGURES[name]: value for name, value in took.items() if value is not None}
