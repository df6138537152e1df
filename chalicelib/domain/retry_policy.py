"""Which ends of an attempt are worth another one, how often, and how much later."""

from __future__ import annotations

import math

from chalicelib.domain.job import Job
from chalicelib.domain.spec import Capacity
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


SPOT_LAUNCH_TRIES = 10
"""Tries that Spot may refuse, some ten minutes, before the same attempt is started on demand."""

_SPOT_LOSSES = frozenset({Cause.SPOT_INTERRUPTED, Cause.CAPACITY})


def may_launch_again(job: Job) -> bool:
    """Whether another attempt may follow the current one, which was never claimed."""
    given_up = [a for a in job.attempts.values() if a.cause and not a.claimed_at]
    return len(given_up) + 1 < MAX_ATTEMPTS


def may_run_again(job: Job) -> bool:
    """Whether another attempt may follow the current one, which was lost after its claim."""
    given_up = [a for a in job.attempts.values() if a.cause and a.claimed_at]
    return len(given_up) < job.retry_lost


def capacity_of_next_attempt(job: Job) -> Capacity:
    """What the attempt after the current one is started on.

    A job that asked for Spot gets it until Spot has failed it once and one more loss, before or
    after the claim, would be final: the last attempt is on demand.
    """
    lost = [attempt for attempt in job.attempts.values() if attempt.cause]
    if not any(attempt.cause in _SPOT_LOSSES for attempt in lost):
        return job.capacity
    after_claim = sum(attempt.claimed_at is not None for attempt in lost)
    last = len(lost) - after_claim + 1 >= MAX_ATTEMPTS or after_claim >= job.retry_lost
    return "on_demand" if last else job.capacity


def capacity_of_next_try(job: Job, launch_try: int) -> Capacity:
    """What the current attempt is started on after this many tries that were certainly refused."""
    attempt = job.current
    given = job.capacity if attempt is None else job.capacity_of(attempt)
    return "on_demand" if launch_try >= SPOT_LAUNCH_TRIES else given


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
