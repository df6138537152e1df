"""What an end is counted as: whose fault, whose image, and whether a deadline was missed.

Operators are paged for what is theirs. A user's mistyped image, missing secret or lack of memory is
the user's, though its verdict is ``errored`` as well.
"""

from __future__ import annotations

from enum import StrEnum

from chalicelib.domain.decide_table import SLOT_TIMEOUT
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.job import Job
from chalicelib.domain.overdue_table import OVERDUE_RULES
from chalicelib.domain.stop_reasons import RUNNER_CAUSES, Subject, classify
from chalicelib.domain.verdict import Cause


class Fault(StrEnum):
    """Who has to do something about an errored job."""

    JOB = "job"
    """Its submitter: its image, its script, its secrets, or the resources that it asked for."""
    SERVICE = "service"
    """Whoever runs Towline, or AWS."""


OF_THE_JOB = frozenset(
    {
        Cause.IMAGE_MISSING,
        Cause.IMAGE_AUTH,
        Cause.IMAGE_PULL,
        Cause.IMAGE_ARCH,
        Cause.OUT_OF_MEMORY,
        Cause.DISK_FULL,
        Cause.NOT_STARTED,
        Cause.CHECKOUT_FAILED,
        Cause.SECRET_MISSING,
    }
)

_PULLS: dict[Cause, Subject] = {
    **dict.fromkeys(RUNNER_CAUSES, Subject.JOB),
    **dict.fromkeys(RUNNER_CAUSES.values(), Subject.RUNNER),
}

_MISSED = frozenset({rule.name for rule in OVERDUE_RULES} | {"queue_timeout", "out_of_touch"})
"""The rows of docs/verdicts.md that end an attempt because a time has passed."""


def fault_of(cause: Cause | None, rule: str = "") -> Fault:
    """Whose fault an errored job with this cause is. A cause that is not known is ours.

    ``rule`` is the row that decided: a job that waited for its own project's limit is not ours.
    """
    return Fault.JOB if cause in OF_THE_JOB or rule == SLOT_TIMEOUT else Fault.SERVICE


def failed_pull(job: Job, cause: Cause | None) -> Subject | None:
    """Whose image could not be pulled for the current attempt; None: that was not its end.

    ``cause`` is the one that the attempt was ended with. A cancelled attempt has none, though its
    stop may still say that the pull had failed.
    """
    if cause in _PULLS:
        return _PULLS[cause]
    attempt = job.current
    if attempt is None or attempt.stop is None or attempt.nonce is not None:
        return None  # a runner that claimed the job had been pulled
    why = classify(attempt.stop, job_image=job.image, runner_image=attempt.release or None)
    return _PULLS.get(why.cause) if why.cause else None


def missed_deadline(decision: Finish | Retry) -> bool:
    """Whether the attempt was ended because a state's deadline had passed (docs/verdicts.md), and
    not for its own project's limit."""
    if decision.rule == SLOT_TIMEOUT:
        return False
    return decision.rule in _MISSED or decision.cause is Cause.QUEUE_TIMEOUT
