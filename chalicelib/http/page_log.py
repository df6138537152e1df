"""The part of a log that a page shows: its end so far, or what comes at an offset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.job import Attempt, Job
from chalicelib.pages.job_page import LogShown
from chalicelib.pages.log_html import MOST_BYTES
from chalicelib.usecases.errors import UnknownAttempt

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher

MOST_READS = 4
"""For the tail: what was written since the last heartbeat is behind what we know of."""


def tail(dispatcher: Dispatcher, job: Job, attempt: int | None) -> LogShown:
    """The end of the log so far, from the beginning of a line. A few reads at most."""
    found = _attempt(job, attempt)
    if found is None:
        return LogShown(0, 0, b"", 0)
    known = found.report.log.bytes if found.report else found.log_bytes
    offset = max(0, known - MOST_BYTES)
    data, begin, gap = b"", offset, 0
    for _ in range(MOST_READS):
        part = dispatcher.read_log(job.id, attempt=found.number, offset=offset, limit=MOST_BYTES)
        if part.data:
            # Behind a gap the text is another one: it begins anew.
            data, begin = (part.data, part.offset) if part.gap else (data + part.data, begin)
            gap += part.gap
        offset = part.next_offset
        if part.complete or not part.data:
            break
    return _from_a_line(LogShown(found.number, begin, data, offset, gap))


def part_at(
    dispatcher: Dispatcher, job: Job, attempt: int | None, offset: int
) -> tuple[LogShown, bool]:
    """What comes at ``offset``, and whether there is (or will be) more after it."""
    found = _attempt(job, attempt)
    if found is None:
        return LogShown(0, 0, b"", 0, tail=False), False
    part = dispatcher.read_log(job.id, attempt=found.number, offset=offset, limit=MOST_BYTES)
    shown = LogShown(found.number, part.offset, part.data, part.next_offset, part.gap, tail=False)
    return shown, bool(part.data) and not part.complete


def earlier(shown: LogShown) -> int | None:
    """Where the part before this one begins; None: there is none."""
    return max(0, shown.offset - MOST_BYTES) if shown.offset > 0 else None


def downloadable(dispatcher: Dispatcher, job: Job, attempt: int) -> bool:
    """Whether all of it can be had at once: as an archive, or when it is short enough."""
    found = job.attempts.get(str(attempt))
    if found is None or found.report is None or not found.report.log.bytes:
        return False
    if dispatcher.has_log_links:
        return found.report.log.archived
    return found.report.log.bytes <= dispatcher.collaborators.logs.largest_read


def _attempt(job: Job, number: int | None) -> Attempt | None:
    """Raises ``UnknownAttempt`` for one that was asked for and is not there."""
    found = job.attempts.get(str(job.attempt if number is None else number))
    if found is None and number is not None:
        raise UnknownAttempt(job.id, number, job.attempt)
    return found


def _from_a_line(shown: LogShown) -> LogShown:
    """At most what a page holds, and no half line first if a whole one is near."""
    over = max(0, len(shown.data) - MOST_BYTES)
    begin = over
    if over or shown.offset:
        end = shown.data.find(b"\n", begin, begin + 4096)
        begin = begin if end < 0 else end + 1
    return replace(shown, offset=shown.offset + begin, data=shown.data[begin:])
