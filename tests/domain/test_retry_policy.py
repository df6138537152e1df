"""Backoff: grows, is bounded, and is spread by jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.retry_policy import backoff_s

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
