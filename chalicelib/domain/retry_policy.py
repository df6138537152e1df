"""Which ends of an attempt are worth another one, how often, and how much later."""

from __future__ import annotations

import math

from chalicelib.domain.job import Job
from chalicelib.domain.verdict import Cause

MAX_ATTEMPTS = 3
"""Attempts that may be spent on getting a runner to claim the job."""

BACKOFF_S = 5.0
BACKOFF_FACTOR = 3.0
BACKOFF_MAX_S = 300.0

LAUNCH_RETRYABLE = frozenset(
    {
        Cause.IMAGE_PULL,
        Cause.RUNNER_IMAGE_PULL,
        Cause.TASK_INIT,
        Cause.PLATFORM,
        Cause.CAPACITY,
        Cause.LAUNCH_TIMEOUT,
        Cause.RUNNER_NEVER_CLAIMED,
        Cause.SPOT_INTERRUPTED,
        Cause.HOST_LOST,
    }
)
"""Before the claim nothing of the script has run: these may pass with time."""

LOST = frozenset({Cause.RUNNER_LOST, Cause.SPOT_INTERRUPTED, Cause.HOST_LOST})
"""After the claim the script may have had effects: only the job's own ``retry_lost`` allows it."""


def may_launch_again(job: Job) -> bool:
    """Whether another attempt may follow the current one, which was never claimed."""
    given_up = [a for a in job.attempts.values() if a.cause and not a.claimed_at]
    return len(given_up) + 1 < MAX_ATTEMPTS


def may_run_again(job: Job) -> bool:
    """Whether another attempt may follow the current one, which was lost after its claim."""
    given_up = [a for a in job.attempts.values() if a.cause and a.claimed_at]
    return len(given_up) < job.retry_lost


def backoff_s(attempt: int, jitter: float) -> int:
    """Whole seconds to wait after this attempt (1, 2, ...): 5, 15, 45, ... at most 300, of which
    the jitter in [0, 1) takes away up to a half, so that many lost jobs do not come back at once.

    Raises ``ValueError`` for an attempt below 1 or a jitter outside [0, 1).
    """
    if attempt < 1 or not 0 <= jitter < 1:
        raise ValueError("backoff needs an attempt from 1 and a jitter in [0, 1)")
    # The exponent is bounded as well: 3.0 ** 1000 would overflow.
    full = min(BACKOFF_MAX_S, BACKOFF_S * BACKOFF_FACTOR ** min(attempt - 1, 10))
    return math.ceil(full * (1 - jitter / 2))
