"""A timetable follows its file, and a time that has come is due once, however late one looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.timetable import Timetable
from chalicelib.repofile.cron import parse_cron
from chalicelib.repofile.repository_file import Schedule
from chalicelib.repofile.timetable import moved_on, renewed

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def schedule(
    name: str = "nightly", cron: str = "30 3 * * *", branch: str | None = None
) -> Schedule:
    return Schedule(name, parse_cron(cron), branch)


def table(
    *schedules: Schedule,
    before: Timetable | None = None,
    now: datetime = NOON,
    as_of: datetime | None = None,
) -> Timetable:
    return renewed(before, schedules, project="a/b", now=now, as_of=as_of or now)


def test_the_soonest_schedule_decides_when_to_look() -> None:
    made = table(schedule(), schedule("hourly", "@hourly", "dev"))
    assert [entry.next_at.hour for entry in made.entries] == [3, 13]
    assert made.next_at == NOON + timedelta(hours=1)
    assert table().next_at is None


def test_a_file_that_says_the_same_changes_no_schedule() -> None:
    first, late = table(schedule()), NOON + timedelta(hours=1)
    assert table(schedule(), before=first, now=late, as_of=NOON) is first
    assert table(schedule(), before=first, now=late).entries == first.entries
    none = table()
    assert table(before=none, now=late) is none


def test_what_was_put_back_is_not_undone_by_a_delivery_that_was_put_off() -> None:
    first = table(schedule())
    # Removed a minute later, which waits, and put back in the second.
    put_back = table(schedule(), before=first, now=NOON + timedelta(minutes=2))
    late = NOON + timedelta(minutes=5)
    assert table(before=put_back, now=late, as_of=NOON + timedelta(minutes=1)) is put_back


def test_a_push_after_the_due_time_and_before_anybody_looked_loses_no_run() -> None:
    first = table(schedule("hourly", "@hourly"))
    late = NOON + timedelta(hours=1, seconds=20)
    second = table(schedule("hourly", "@hourly", "dev"), schedule(), before=first, now=late)
    _, due = moved_on(second, late)
    assert [(entry.name, entry.branch, entry.next_at) for entry in due] == [
        ("hourly", "dev", NOON + timedelta(hours=1))
    ]


def test_another_time_is_waited_for_from_now_on_and_a_gone_schedule_is_forgotten() -> None:
    first = table(schedule(), schedule("hourly", "@hourly"))
    late = NOON + timedelta(days=3)
    second = table(schedule(cron="45 3 * * *"), before=first, now=late)
    assert [(e.name, e.next_at) for e in second.entries] == [
        ("nightly", NOON + timedelta(days=3, hours=15, minutes=45))
    ]
    assert second.version == first.version + 1


def test_what_came_of_a_time_is_not_said_of_the_next_one() -> None:
    first = table(schedule())
    entries = tuple(entry.model_copy(update={"said": "build 1"}) for entry in first.entries)
    after, _ = moved_on(first.model_copy(update={"entries": entries}), NOON + timedelta(days=1))
    assert [(e.last_at, e.said) for e in after.entries] == [(first.next_at, "")]


def test_an_older_file_does_not_replace_a_newer_one() -> None:
    newer = table(schedule())
    assert table(before=newer, as_of=NOON - timedelta(seconds=1)) is newer


@given(
    st.sampled_from(["*/5 * * * *", "@hourly", "30 3 * * 1-5", "0 0 29 2 *"]),
    st.lists(st.integers(0, 3 * 86400), min_size=1, max_size=20),
)
def test_however_one_looks_no_time_is_due_twice_and_a_pause_is_made_up_for_once(
    cron: str, pauses_s: list[int]
) -> None:
    timetable, now, taken = table(schedule(cron=cron)), NOON, []
    for pause_s in pauses_s:
        now += timedelta(seconds=pause_s)
        again, same = moved_on(timetable, now), moved_on(timetable, now)
        assert again == same
        timetable, due = again
        assert len(due) <= 1
        taken += [entry.next_at for entry in due]
        assert timetable.next_at is not None
        assert timetable.next_at > now
    assert taken == sorted(set(taken))
    assert all(moment <= now for moment in taken)
    if parse_cron(cron).next_after(NOON) <= now:
        assert taken
