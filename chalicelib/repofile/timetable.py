"""What becomes of a timetable: the file is another one, or a time has come. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from chalicelib.domain.timetable import Timetable, TimetableEntry
from chalicelib.repofile.cron import parse_cron
from chalicelib.repofile.repository_file import Schedule


def renewed(
    before: Timetable | None,
    schedules: Iterable[Schedule],
    *,
    project: str,
    now: datetime,
    as_of: datetime,
) -> Timetable:
    """The timetable of a file. What is due already stays due; a new or changed time is waited for.

    A file that is older than the one before changes nothing: deliveries may overtake each other.
    """
    if before is not None and as_of < before.as_of:
        return before
    known = {entry.name: entry for entry in before.entries} if before is not None else {}
    entries = tuple(_entry(known.get(each.name), each, now) for each in schedules)
    if before is None:
        return Timetable(project=project, as_of=as_of, entries=entries)
    # The same entries of a newer file are written, too, where there are any: an older file that
    # comes after it must not undo them.
    if entries == before.entries and (not entries or as_of == before.as_of):
        return before
    return before.model_copy(
        update={"entries": entries, "as_of": as_of, "version": before.version + 1}
    )


def _entry(known: TimetableEntry | None, schedule: Schedule, now: datetime) -> TimetableEntry:
    text = schedule.cron.text
    if known is not None and known.cron == text:
        return known.model_copy(update={"branch": schedule.branch})
    return TimetableEntry(
        name=schedule.name,
        cron=text,
        branch=schedule.branch,
        next_at=schedule.cron.next_after(now),
        last_at=known.last_at if known is not None else None,
        said=known.said if known is not None else "",
    )


def moved_on(timetable: Timetable, now: datetime) -> tuple[Timetable, tuple[TimetableEntry, ...]]:
    """The timetable after this moment, and the entries that are due, as they were.

    However many times were missed, an entry is due once: for the first of them, so that everyone
    who looks before the timetable is written finds the same.
    """
    due = tuple(entry for entry in timetable.entries if entry.next_at <= now)
    if not due:
        return timetable, ()
    entries = tuple(_after(entry, now) if entry in due else entry for entry in timetable.entries)
    written = {"entries": entries, "version": timetable.version + 1}
    return timetable.model_copy(update=written), due


def _after(entry: TimetableEntry, now: datetime) -> TimetableEntry:
    next_at = parse_cron(entry.cron).next_after(now)
    return entry.model_copy(update={"next_at": next_at, "last_at": entry.next_at, "said": ""})
