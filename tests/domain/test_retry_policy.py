"""Backoff grows, is bounded and spread by jitter; Spot is left in time for the last attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.job import Attempt
from chalicelib.domain.retry_policy import (
    SPOT_LAUNCH_TRIES,
    backoff_s,
    capacity_of_next_attempt,
    capacity_of_next_try,
    may_launch_again,
    may_run_again,
)
from chalicelib.domain.verdict import Cause
from tests.domain.samples import NOW, job_with

JITTER = st.floats(min_value=0, max_value=1, exclude_max=True)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 15), (3, 45), (4, 135), (5, 300)])
def test_backoff_grows_to_its_bound(attempt: int, seconds: int) -> None:
    assert backoff_s(attempt, 0.0) == seconds


@given(attempt=st.integers(min_value=1, max_value=10**6), jitter=JITTER)
def test_jitter_takes_away_at_most_a_half(attempt: int, jitter: float) -> None:
    full = backoff_s(attempt, 0.0)
    assert full / 2 <= backoff_s(attempt, jitter) <= full <= 300


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 0.0), (1, 1.0), (1, -0.1)])
def test_nonsense_is_refused(attempt: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="backoff needs"):
        backoff_s(attempt, jitter)


def _lost(number: int, cause: Cause, *, claimed: bool) -> Attempt:
    return Attempt(number=number, started_at=NOW, claimed_at=NOW if claimed else None, cause=cause)


SPOT, CAPACITY, PULL = Cause.SPOT_INTERRUPTED, Cause.CAPACITY, Cause.IMAGE_PULL


@pytest.mark.parametrize(
    ("retry_lost", "lost", "capacity"),
    [
        # Nothing of it was Spot's doing.
        (0, [(PULL, False)], "spot"),
        (0, [(PULL, False), (PULL, False)], "spot"),
        # One loss more, after the claim, would be final as retry_lost is 0.
        (0, [(SPOT, False)], "on_demand"),
        (0, [(CAPACITY, False)], "on_demand"),
        # Both kinds of loss are still allowed.
        (1, [(SPOT, False)], "spot"),
        (1, [(CAPACITY, False)], "spot"),
        (2, [(SPOT, True)], "spot"),
        # The last one before the claim, whatever is allowed after it.
        (9, [(SPOT, False), (CAPACITY, False)], "on_demand"),
        (9, [(SPOT, False), (PULL, False)], "on_demand"),
        # The last one after it.
        (1, [(SPOT, True)], "on_demand"),
        (2, [(SPOT, True), (SPOT, True)], "on_demand"),
        (2, [(Cause.HOST_LOST, True), (SPOT, True)], "on_demand"),
        (2, [(Cause.HOST_LOST, True), (Cause.RUNNER_LOST, True)], "spot"),
    ],
)
def test_the_last_attempt_that_spot_could_end_is_on_demand(
    retry_lost: int, lost: list[tuple[Cause, bool]], capacity: str
) -> None:
    attempts = [_lost(n, cause, claimed=claimed) for n, (cause, claimed) in enumerate(lost, 1)]
    fields = {"retry_lost": retry_lost, "capacity": "spot"}
    job = job_with(attempts[-1], earlier=tuple(attempts[:-1]), **fields)
    assert capacity_of_next_attempt(job) == capacity
    asked = job.model_copy(update={"capacity": "on_demand"})
    assert capacity_of_next_attempt(asked) == "on_demand"


@given(
    retry_lost=st.integers(0, 4),
    losses=st.lists(st.tuples(st.sampled_from([SPOT, CAPACITY, PULL]), st.booleans()), max_size=8),
)
def test_no_job_ends_by_spot_twice_in_a_row_on_its_last_attempt(
    retry_lost: int, losses: list[tuple[Cause, bool]]
) -> None:
    """An attempt on Spot that follows a loss to Spot may always be followed by one more."""
    attempts: list[Attempt] = []
    for number, (cause, claimed) in enumerate(losses, 1):
        fields = {"retry_lost": retry_lost, "capacity": "spot"}
        attempt = _lost(number, cause, claimed=claimed)
        job = job_with(attempt, earlier=tuple(attempts), **fields)
        spot_failed = any(a.cause in (SPOT, CAPACITY) for a in job.attempts.values())
        if spot_failed and capacity_of_next_attempt(job) == "spot":
            following = Attempt(number=number + 1, started_at=NOW)
            after = job_with(following, earlier=(*attempts, attempt), **fields)
            assert may_launch_again(after)
            assert may_run_again(after)
        attempts.append(attempt)


def test_spot_that_refuses_again_and_again_is_left() -> None:
    job = job_with(Attempt(number=1, started_at=NOW), capacity="spot")
    assert capacity_of_next_try(job, SPOT_LAUNCH_TRIES - 1) == "spot"
    assert capacity_of_next_try(job, SPOT_LAUNCH_TRIES) == "on_demand"
    pinned = job_with(Attempt(number=2, started_at=NOW, capacity="on_demand"), capacity="spot")
    assert capacity_of_next_try(pinned, 1) == "on_demand"
