"""How a job or build stands, and what GitHub calls that: one table for both kinds of status.

A commit status has four states, a check run three and eight conclusions. GitHub lets a commit be
merged on ``success``, ``neutral`` and ``skipped``, so these are given only where nothing is wrong:
https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from chalicelib.domain.verdict import Verdict

StatusState = Literal["error", "failure", "pending", "success"]
CheckState = Literal["queued", "in_progress", "completed"]
Conclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out"
]


class Phase(StrEnum):
    """Where a job or build is, as its reader sees it."""

    HELD = "held"
    """Somebody must approve it first."""
    WAITING = "waiting"
    """For jobs that it needs."""
    QUEUED = "queued"
    RUNNING = "running"
    SKIPPED = "skipped"
    """Not meant for this event."""
    BLOCKED = "blocked"
    """A job that it needs did not pass."""
    REFUSED = "refused"
    """The repository's file is wrong."""
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``verdict`` with ``FINISHED`` alone. ``allowed``: a failure of it does not count.
    ``in_setup``: it failed before its script was begun."""

    phase: Phase
    verdict: Verdict | None = None
    allowed: bool = False
    in_setup: bool = False

    def __post_init__(self) -> None:
        if (self.phase is Phase.FINISHED) != (self.verdict is not None):
            raise ValueError("an outcome has a verdict when it is finished, and only then")
        if self.in_setup and self.verdict is not Verdict.FAILED:
            raise ValueError("only a failure is one of the setup")


@dataclass(frozen=True, slots=True)
class Shown:
    """``conclusion`` with ``completed`` alone. ``words`` begin every text about it."""

    status: StatusState
    check: CheckState
    conclusion: Conclusion | None
    words: str


UNFINISHED: dict[Phase, Shown] = {
    Phase.HELD: Shown("pending", "completed", "action_required", "Waits for approval"),
    Phase.WAITING: Shown("pending", "queued", None, "Waits for the jobs it needs"),
    Phase.QUEUED: Shown("pending", "queued", None, "Queued"),
    Phase.RUNNING: Shown("pending", "in_progress", None, "Running"),
    Phase.SKIPPED: Shown("success", "completed", "skipped", "Not run"),
    Phase.BLOCKED: Shown(
        "error", "completed", "cancelled", "Not run, as a job it needs did not pass"
    ),
    Phase.REFUSED: Shown("failure", "completed", "failure", "The repository's file is wrong"),
}
FINISHED: dict[Verdict, Shown] = {
    Verdict.PASSED: Shown("success", "completed", "success", "Passed"),
    Verdict.FAILED: Shown("failure", "completed", "failure", "Failed"),
    # Not "neutral": what nobody knows to be good must not be merged.
    Verdict.ERRORED: Shown("error", "completed", "failure", "Errored, not by the script"),
    Verdict.CANCELLED: Shown("error", "completed", "cancelled", "Cancelled"),
    Verdict.TIMED_OUT: Shown("failure", "completed", "timed_out", "Timed out"),
}


# A failure, as the status is the job's own. To its reader it is more like an error: nothing was
# tested.
SETUP_FAILED = Shown("error", "completed", "failure", "Failed")


def shown(outcome: Outcome) -> Shown:
    """The row of the table. Pure; there is one for every outcome."""
    if outcome.verdict is None:
        return UNFINISHED[outcome.phase]
    row = SETUP_FAILED if outcome.in_setup else FINISHED[outcome.verdict]
    # As in the build's own table: a cancellation is no failure that could be allowed.
    if outcome.allowed and outcome.verdict not in (Verdict.PASSED, Verdict.CANCELLED):
        return Shown("success", "completed", "neutral", f"{row.words}, which is allowed")
    return row
