"""Ids: unique, sorted by time, in one spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import is_id, new_id, time_of

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None), timezones=st.just(UTC)
)
RANDOM = st.binary(min_size=10, max_size=10)


@given(moment=MOMENTS, random_bytes=RANDOM)
def test_an_id_tells_its_time_to_the_millisecond(moment: datetime, random_bytes: bytes) -> None:
    made = new_id(moment, random_bytes)
    assert is_id(made)
    assert len(made) == 26
    assert timedelta(0) <= moment - time_of(made) < timedelta(milliseconds=1)


@given(first=MOMENTS, second=MOMENTS, a=RANDOM, b=RANDOM)
def test_ids_sort_as_their_times_do(first: datetime, second: datetime, a: bytes, b: bytes) -> None:
    one, other = new_id(first, a), new_id(second, b)
    if time_of(one) < time_of(other):
        assert one < other


@given(moment=MOMENTS, a=RANDOM, b=RANDOM)
def test_different_randomness_gives_different_ids(moment: datetime, a: bytes, b: bytes) -> None:
    assert (new_id(moment, a) == new_id(moment, b)) == (a == b)


def test_an_id_has_this_very_form() -> None:
    assert new_id(datetime(1970, 1, 1, tzinfo=UTC), bytes(10)) == "0" * 26
    known = new_id(datetime(2016, 7, 30, 23, 54, 10, 259000, tzinfo=UTC), b"\xff" * 10)
    assert known == "01arz3ndek" + "z" * 16


def test_the_zone_of_a_time_does_not_matter() -> None:
    there = datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    here = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert new_id(there, bytes(10)) == new_id(here, bytes(10))


@pytest.mark.parametrize(
    "text",
    ["", "0" * 25, "0" * 27, "8" + "0" * 25, "0" * 25 + "i", "0" * 25 + "U", "0" * 25 + "\n"],
)
def test_what_is_no_id_is_refused_in_words(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="is not an id"):
        time_of(text)


@pytest.mark.parametrize(
    ("moment", "random_bytes", "words"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), bytes(10), "time zone"),
        (datetime(1969, 12, 31, tzinfo=UTC), bytes(10), "no id can hold"),
        (datetime(2026, 1, 1, tzinfo=UTC), bytes(9), "10 random bytes"),
    ],
)
def test_an_id_is_not_made_of_nonsense(moment: datetime, random_bytes: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        new_id(moment, random_bytes)
