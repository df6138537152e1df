"""The verdict: report and stop in, decision out. The only place that makes one.

``decide`` goes through the table in ``decide_table`` and takes the first row that holds;
``decide_overdue`` is for the reaper, which has asked the backend, and continues with the table in
``overdue_table`` when the first one waits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.case import Case
from chalicelib.domain.decide_table import RULES
from chalicelib.domain.decision import Decision, Finish, OverdueDecision, Retry, Send, Wait
from chalicelib.domain.endings import ended_before_claim
from chalicelib.domain.evidence import TaskState
from chalicelib.domain.job import Job
from chalicelib.domain.overdue_table import OVERDUE_RULES
from chalicelib.domain.retry_policy import LAUNCH_RETRYABLE
from chalicelib.domain.rule import first_match, table_as_markdown
from chalicelib.domain.verdict import Cause, Verdict

__all__ = [
    "Decision",
    "Finish",
    "OverdueDecision",
    "Retry",
    "Send",
    "Wait",
    "as_markdown",
    "decide",
    "decide_overdue",
    "decide_refused",
    "errored",
    "task_to_stop",
]


def decide(job: Job, *, now: datetime, jitter: float = 0.0) -> Decision:
    """What the evidence in the job means now. May be asked at any time, as often as wanted.

    Apply ``Finish`` by ``transitions.finish`` and ``Retry`` by ``transitions.retry``, with
    ``job.attempt`` as the number. A ``Conflict`` then means that the job went on or new evidence is
    in it: decide again on ``Conflict.current``.
    ``jitter`` in [0, 1) spreads retries.
    """
    return first_match(RULES, Case(job, now, jitter))


def decide_overdue(
    job: Job, task_state: TaskState | None, *, now: datetime, jitter: float = 0.0
) -> OverdueDecision:
    """What to do with a job whose ``due_at`` has passed.

    ``task_state`` is the backend's word on the attempt's task; None when it has no task yet or
    the backend could not be asked. A stop that the backend shows is recorded before this is
    asked. A ``Wait`` has a ``look_at``, for ``transitions.look_again``; a ``Send`` wants the id on
    the launch queue and ``transitions.mark_sent``. After a ``Finish`` or ``Retry`` the task that
    ``task_to_stop`` names must be stopped.
    """
    case = Case(job, now, jitter, task_state)
    decision = first_match(RULES, case)
    if not isinstance(decision, Wait):
        return decision
    return first_match(OVERDUE_RULES, case)


def decide_refused(
    job: Job,
    cause: Cause,
    detail: str,
    *,
    now: datetime,
    retryable: bool | None = None,
    jitter: float = 0.0,
) -> Finish | Retry:
    """What a backend's refusal to start the current attempt means.

    ``retryable`` None: by the cause (``retry_policy.LAUNCH_RETRYABLE``).
    """
    again = cause in LAUNCH_RETRYABLE if retryable is None else retryable
    decision = ended_before_claim(
        Case(job, now, jitter), cause, detail, retryable=again, absent=("task_id", "nonce")
    )
    return replace(decision, rule="launch_refused")


def errored(job: Job, cause: Cause, detail: str) -> Finish:
    """An end of our own that no evidence is needed for, such as a secret that does not exist."""
    return Finish(Verdict.ERRORED, cause, detail, state=job.state, rule="refused")


def task_to_stop(job: Job) -> str | None:
    """The current attempt's task, unless its stop was seen: none may outlive its job."""
    attempt = job.current
    return attempt.task_id if attempt and not attempt.stop else None


def as_markdown() -> str:
    """Both tables as docs/verdicts.md shows them."""
    return "\n".join(
        [
            "### When evidence comes",
            "",
            table_as_markdown(RULES),
            "",
            "### When a deadline has passed",
            "",
            table_as_markdown(OVERDUE_RULES),
            "",
        ]
    )
