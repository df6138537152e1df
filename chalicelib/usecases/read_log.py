"""Read a job's log by offset, while it is written and afterwards: bytes, or a link to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.job import Attempt, Job, State
from chalicelib.ports import LogLink
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownAttempt, UnknownJob


class Links(StrEnum):
    """What the reader can do with a link."""

    NONE = "none"
    """Nothing: it takes bytes, few at a time."""
    ANY = "any"
    CHUNK = "chunk"
    """It had the archive, which was broken."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """Bytes of one attempt's log, or the ``link`` to them. ``gap``: so many bytes before them
    never arrived.

    ``complete``: there is nothing after ``next_offset`` and nothing will come.
    """

    attempt: int
    offset: int
    data: bytes
    next_offset: int
    gap: int
    complete: bool
    link: LogLink | None = None


def read_log(
    co: Collaborators,
    job_id: str,
    *,
    attempt: int | None,
    offset: int,
    limit: int,
    links: Links = Links.NONE,
) -> LogPart:
    """What comes at ``offset``, of the current attempt by default: up to ``limit`` bytes (at most
    what the store gives at once), or the link to one larger object for who can follow it.

    Nothing yet is an empty part that is not complete. Raises ``UnknownJob``, ``UnknownAttempt`` and
    ``ServiceTrouble``. Repeatable.
    """
    job, found = _attempt(co, job_id, attempt)
    if found is None:
        return _never_launched(job, offset)
    limit = min(limit, co.logs.largest_read)
    if links is Links.NONE:
        part = co.logs.read(job_id, found.number, offset, limit)
    else:
        whole = _archived_bytes(found) if links is Links.ANY else None
        read = co.logs.read_or_link(job_id, found.number, offset, limit, whole=whole)
        if isinstance(read, LogLink):
            return _linked(job, found, offset, read)
        part = read
    return LogPart(
        attempt=found.number,
        offset=part.offset,
        data=part.data,
        next_offset=part.next_offset,
        gap=part.gap,
        complete=_complete(job, found, part.next_offset, bool(part.data)),
    )


def link_to_log(co: Collaborators, job_id: str, *, attempt: int | None, offset: int) -> LogPart:
    """The object that holds what comes at ``offset``, or an empty part when there is none (yet).

    Raises as ``read_log``. Repeatable.
    """
    job, found = _attempt(co, job_id, attempt)
    if found is None:
        return _never_launched(job, offset)
    link = co.logs.link(job_id, found.number, offset, whole=_archived_bytes(found))
    if link is not None:
        return _linked(job, found, offset, link)
    over = _complete(job, found, offset, has_data=False)
    return LogPart(found.number, offset, b"", offset, 0, complete=over)


def _attempt(co: Collaborators, job_id: str, number: int | None) -> tuple[Job, Attempt | None]:
    """The job and that attempt of it; None: it was never launched."""
    job = co.store.get(job_id)
    if job is None:
        raise UnknownJob(job_id)
    found = job.attempts.get(str(job.attempt if number is None else number))
    if found is None and number is not None:
        raise UnknownAttempt(job_id, number, job.attempt)
    return job, found


def _never_launched(job: Job, offset: int) -> LogPart:
    """An empty log, which is all there will be once the job has ended."""
    return LogPart(0, offset, b"", offset, 0, complete=job.state is State.FINISHED)


def _linked(job: Job, attempt: Attempt, offset: int, link: LogLink) -> LogPart:
    begins, end = max(offset, link.begins), link.begins + link.size
    complete = _complete(job, attempt, end, has_data=True)
    return LogPart(attempt.number, begins, b"", end, begins - offset, complete, link)


def _archived_bytes(attempt: Attempt) -> int | None:
    """How long the log is that the runner says it has archived; None: it has not (yet)."""
    report = attempt.report
    return report.log.bytes if report is not None and report.log.archived else None


def _complete(job: Job, attempt: Attempt, next_offset: int, has_data: bool) -> bool:
    if attempt.report is not None and next_offset >= attempt.report.log.bytes:
        return True
    # Without a report, or with chunks that never came, only the attempt's end says that no more
    # will come; the job was read before the log, so an empty part after it is the last.
    over = job.state is State.FINISHED or attempt.number != job.attempt
    return over and not has_data
