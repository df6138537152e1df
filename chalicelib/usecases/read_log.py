"""Read a job's log by offset, while it is written and afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.job import Attempt, Job, State
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownAttempt, UnknownJob

MAX_BYTES = 4 << 20
"""In one answer: base64 makes it 5.6 MB, and Lambda's answers end at 6 MB
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """Bytes of one attempt's log. ``gap``: so many bytes before ``data`` never arrived.

    ``complete``: there is nothing after ``next_offset`` and nothing will come.
    """

    attempt: int
    offset: int
    data: bytes
    next_offset: int
    gap: int
    complete: bool


def read_log(
    co: Collaborators, job_id: str, *, attempt: int | None, offset: int, limit: int
) -> LogPart:
    """Up to ``limit`` bytes (at most 4 MiB) from ``offset``; of the current attempt by default.

    Nothing yet is an empty part that is not complete. Raises ``UnknownJob``, ``UnknownAttempt`` and
    ``ServiceTrouble``. Repeatable.
    """
    job = co.store.get(job_id)
    if job is None:
        raise UnknownJob(job_id)
    number = attempt if attempt is not None else job.attempt
    found = job.attempts.get(str(number))
    if found is None:
        if attempt is not None:
            raise UnknownAttempt(job_id, attempt, job.attempt)
        # Never launched: an empty log, which is all there will be once the job has ended.
        over = job.state is State.FINISHED
        return LogPart(0, offset, b"", offset, 0, complete=over)
    part = co.logs.read(job_id, number, offset, min(limit, MAX_BYTES))
    return LogPart(
        attempt=number,
        offset=part.offset,
        data=part.data,
        next_offset=part.next_offset,
        gap=part.gap,
        complete=_complete(job, found, part.next_offset, bool(part.data)),
    )


def _complete(job: Job, attempt: Attempt, next_offset: int, has_data: bool) -> bool:
    if attempt.report is not None and next_offset >= attempt.report.log.bytes:
        return True
    # Without a report, or with chunks that never came, only the attempt's end says that no more
    # will come; the job was read before the log, so an empty part after it is the last.
    over = job.state is State.FINISHED or attempt.number != job.attempt
    return over and not has_data
