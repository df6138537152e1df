"""Follows a job's log to its end, by offset."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from towline.client.errors import ClientError, Refused, ServiceUnreachable
from towline.client.service import LogPage, Rendered, Service

QUICK_S = 0.15
SLOW_S = 1.0
"""A follower asks again after 0.15 s while there is output, up to 1 s while there is none."""
SERVER_ERROR = 500
LARGE = 1 << 16
"""A page of so many bytes is likely to have more behind it: the next one is asked for at once."""


class Pause(Protocol):
    """Waits until something may have changed, for at most so many seconds.

    One that answers True has heard that an attempt is over, which spares a look at its log.
    """

    def __call__(self, timeout_s: float, /) -> bool | None: ...


class Patience(Protocol):
    """Asked when the service gave no answer; raises the error when enough was waited."""

    def __call__(self, error: ClientError, again: int, /) -> None: ...


def give_up(error: ClientError, _: int) -> None:
    """No patience at all."""
    raise error


def follow(
    service: Service,
    job_id: str,
    show: Callable[[LogPage], object],
    *,
    offset: int = 0,
    pause: Pause = time.sleep,
    attention: Callable[[], None] = lambda: None,
    patience: Patience = give_up,
) -> Rendered:
    """Show the log as it arrives; the finished job.

    When an attempt was lost and another follows, that one's log comes after. ``attention`` is
    called before each request, on this thread; it may raise. ``patience`` is told each time that
    a service that did answer gives no answer, and how often in a row (from 1); the next request
    goes on where the log was.
    """
    attempt: int | None = None
    delay, drained, over = QUICK_S, False, False
    silent, heard = 0, False
    while True:
        try:
            attention()
            job = service.job(job_id) if drained or over else None
            if job is not None and _is_all(job, attempt, offset, drained=drained):
                return job
            if drained and job is not None and job["attempt"] > (attempt or 0):
                attempt, offset, drained = job["attempt"], 0, False
                continue
            got, looked = 0, not drained
            for page in service.log_pages(job_id, offset, attempt) if looked else ():
                attempt, drained = page.attempt or None, page.complete
                if page.data:
                    show(page)
                    offset, delay = page.next_offset, QUICK_S
                    got += len(page.data)
        except ClientError as error:
            if not heard or not _may_pass(error):
                raise
            silent += 1
            patience(error, silent)
            pause(SLOW_S)
            continue
        silent, heard = 0, True
        if looked and (drained or got >= LARGE):
            continue
        over = bool(pause(delay))
        delay = min(SLOW_S, delay * 1.5)


def _may_pass(error: ClientError) -> bool:
    """Whether the same request may be answered in a moment."""
    if isinstance(error, Refused):
        return error.status >= SERVER_ERROR
    return isinstance(error, ServiceUnreachable)


def _is_all(job: Rendered, attempt: int | None, offset: int, *, drained: bool) -> bool:
    """Whether the job is over and its log was shown to the end."""
    if job["state"] != "finished" or job["attempt"] != (attempt or 0):
        return False
    if drained:
        return True
    report = job["attempts"][-1].get("report") if job["attempts"] else None
    return report is not None and offset >= report["log"]["bytes"]


def read_log(
    service: Service, job_id: str, *, offset: int = 0, attempt: int | None = None
) -> Iterator[LogPage]:
    """What there is of the log now, page by page."""
    found = True
    while found:
        found = False
        for page in service.log_pages(job_id, offset, attempt):
            if page.data:
                found = True
                attempt, offset = page.attempt, page.next_offset
                yield page
