"""Schedules: five fields in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repofile.cron import Cron, parse_cron

NOON = datetime(2024, 2, 28, 12, 0, tzinfo=UTC)  # a Wednesday, in a leap year


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("30 3 * * *", "2024-02-29 03:30"),
        ("0 12 * * *", "2024-02-29 12:00"),
        ("*/15 * * * *", "2024-02-28 12:15"),
        ("5/20 * * * *", "2024-02-28 12:05"),
        ("0 0 1 * *", "2024-03-01 00:00"),
        ("0 0 * * 0", "2024-03-03 00:00"),
        ("0 0 * * 7", "2024-03-03 00:00"),
        ("0 0 * * sun", "2024-03-03 00:00"),
        ("0 0 * * MON-FRI", "2024-02-29 00:00"),
        ("0 0 * JAN *", "2025-01-01 00:00"),
        ("0 0 29 2 *", "2024-02-29 00:00"),
        ("0 0 31 * *", "2024-03-31 00:00"),
        # Both days restricted: either is enough.
        ("0 0 15 * fri", "2024-03-01 00:00"),
        # A star in front, even with a step, restricts nothing: both must fit.
        ("0 0 */31 * fri", "2024-03-01 00:00"),
        ("0 9-17/4 * * *", "2024-02-28 13:00"),
        ("0 1,13 * * *", "2024-02-28 13:00"),
        ("@hourly", "2024-02-28 13:00"),
        ("@daily", "2024-02-29 00:00"),
        ("@weekly", "2024-03-03 00:00"),
        ("@monthly", "2024-03-01 00:00"),
        ("@yearly", "2025-01-01 00:00"),
    ],
)
def test_when_it_is_due_next(text: str, due: str) -> None:
    assert parse_cron(text).next_after(NOON) == at(due)


def test_a_leap_day_is_waited_for_over_a_century_without_one() -> None:
    assert parse_cron("0 0 29 2 *").next_after(at("2096-03-01 00:00")) == at("2104-02-29 00:00")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has five fields"),
        ("* * * *", "has five fields"),
        ("0 0 0 * * *", "has five fields"),
        ("60 * * * *", "minute '60' is not a number from 0 to 59"),
        ("0 24 * * *", "hour '24' is not a number from 0 to 23"),
        ("0 0 0 * *", "day of the month '0'"),
        ("0 0 * 13 *", "month '13' is not a number from 1 to 12 or a name such as jan"),
        ("0 0 * * 8", "day of the week '8'"),
        ("0 0 * * mo", "day of the week 'mo'"),
        ("0 5-2 * * *", "upside down"),
        ("*/0 * * * *", "after '/'"),
        ("0 */x * * *", "after '/'"),
        ("0 1,,2 * * *", "is not a number"),
        ("-1 0 * * *", "is not a number"),
        ("٣ 0 * * *", "is not a number"),
        ("* * * * *", "more often than every 5 minutes"),
        ("*/2 * * * *", "more often than every 5 minutes"),
        ("0,58 * * * *", "more often than every 5 minutes"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
    ],
)
def test_what_is_no_schedule_is_said(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_cron(text)


def test_other_zones_are_taken_to_utc() -> None:
    local = datetime(2024, 2, 28, 5, 30, tzinfo=timezone(timedelta(hours=2)))
    assert parse_cron("30 3 * * *").next_after(local - timedelta(minutes=1)) == local
    assert parse_cron("30 5 * * *").next_after(local) == at("2024-02-28 05:30")


FIELDS = st.tuples(
    st.sampled_from(["0", "30", "*/15", "5,35", "10-50/20"]),
    st.sampled_from(["*", "3", "*/6", "9-17", "0,23"]),
    st.sampled_from(["*", "1", "29", "*/10", "1-7"]),
    st.sampled_from(["*", "2", "jan-mar", "*/5"]),
    st.sampled_from(["*", "0", "7", "mon-fri", "sat,sun"]),
).map(" ".join)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone comes beside it


def fits(cron: Cron, moment: datetime) -> bool:
    """The rule as it is written, for one minute."""
    if moment.minute not in cron.minutes or moment.hour not in cron.hours:
        return False
    days = (moment.day in cron.days, moment.isoweekday() % 7 in cron.weekdays)
    return moment.month in cron.months and (any(days) if cron.either_day else all(days))


@given(FIELDS, MOMENTS)
def test_the_next_time_is_later_and_fits_and_none_before_it_does(
    text: str, moment: datetime
) -> None:
    cron = parse_cron(text)
    due = cron.next_after(moment)
    assert due > moment
    assert fits(cron, due)
    between = due - timedelta(minutes=1)
    for _ in range(200):
        if between <= moment:
            break
        assert not fits(cron, between)
        between -= timedelta(minutes=1)
