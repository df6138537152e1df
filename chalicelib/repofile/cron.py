"""Five fields of cron, in UTC: minute, hour, day of the month, month, day of the week.

As POSIX crontab has it, with the names and the ``*/n`` of Vixie's cron: when both days are
restricted, either is enough (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

LEAST_MINUTES = 5
"""Between two runs of a schedule."""
MOST_SCHEDULES = 20
"""Of a file. All may be due at once, and whoever starts them has all projects to look after."""

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True))
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LEAP_YEAR = 2024
# The longest wait: 29 February on one day of the week, over a century that is no leap year.
_HORIZON_DAYS = 41 * 366


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due. ``text`` is as it was written."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool

    def next_after(self, moment: datetime) -> datetime:
        """The first minute after ``moment`` (aware) in which it is due."""
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start.replace(hour=0, minute=0)
        for _ in range(_HORIZON_DAYS):
            if self._fits_day(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        due = day.replace(hour=hour, minute=minute)
                        if due >= start:
                            return due
            day += timedelta(days=1)
        raise ValueError(f"the schedule {self.text!r} never comes")

    def _fits_day(self, moment: datetime) -> bool:
        if moment.month not in self.months:
            return False
        by_month = moment.day in self.days
        by_week = (moment.weekday() + 1) % 7 in self.weekdays
        return by_month or by_week if self.either_day else by_month and by_week


def parse_cron(text: str) -> Cron:
    """Read five fields (or ``@daily`` and the like). Raises ``ValueError`` with a sentence."""
    words = _MACROS.get(text.strip().lower(), text).split()
    if len(words) != len(_FIELDS):
        raise ValueError(
            f"{text.strip()[:60]!r} is no schedule: it has five fields, minute, hour, day of the "
            "month, month and day of the week, as in '30 3 * * 1-5' (UTC)"
        )
    sets = [_field(word, *field) for word, field in zip(words, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = sets
    weekdays = frozenset(day % 7 for day in weekdays)
    cron = Cron(
        text.strip(),
        minutes,
        hours,
        days,
        months,
        weekdays,
        either_day=not words[2].startswith("*") and not words[4].startswith("*"),
    )
    _check(cron)
    return cron


def _check(cron: Cron) -> None:
    ordered = sorted(cron.minutes)
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    gaps.append(ordered[0] + 60 - ordered[-1])
    if min(gaps) < LEAST_MINUTES:
        raise ValueError(
            f"{cron.text!r} is due more often than every {LEAST_MINUTES} minutes, the most that "
            "is taken"
        )
    longest = max(
        29 if month == 2 else calendar.monthrange(2024, month)[1] for month in cron.months
    )
    if not cron.either_day and min(cron.days) > longest:
        raise ValueError(f"{cron.text!r} never comes: no such month has a day {min(cron.days)}")


def _field(word: str, name: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        found.update(_part(part, name, least, most, names))
    return frozenset(found)


def _part(part: str, name: str, least: int, most: int, names: dict[str, int]) -> range:
    span, slash, step = part.partition("/")
    if slash and (not _digits(step) or int(step) == 0):
        raise ValueError(f"the {name} {part!r}: after '/' comes a number from 1 on, as in '*/15'")
    if span == "*":
        first, last = least, most
    else:
        low, dash, high = span.partition("-")
        first = _number(low, part, name, least, most, names)
        last = _number(high, part, name, least, most, names) if dash else first
        if slash and not dash:
            last = most
    if first > last:
        raise ValueError(f"the {name} {part!r} is upside down: the smaller number comes first")
    return range(first, last + 1, int(step) if slash else 1)


def _number(word: str, part: str, name: str, least: int, most: int, names: dict[str, int]) -> int:
    number = names.get(word.lower(), int(word) if _digits(word) else None)
    if number is None or not least <= number <= most:
        known = f" or a name such as {next(iter(names))}" if names else ""
        raise ValueError(f"the {name} {part!r} is not a number from {least} to {most}{known}")
    return number


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4
