"""Which job the work at hand is about, so that every log line written meanwhile can name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_job: ContextVar[str | None] = ContextVar("towline_job", default=None)


@contextmanager
def about(job_id: str) -> Iterator[None]:
    """Name the job for as long as the block lasts; blocks may nest, and threads do not mix."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


def current_job() -> str | None:
    """The job that the work at hand is about, or None."""
    return _job.get()
