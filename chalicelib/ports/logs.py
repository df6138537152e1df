"""Where logs are kept, and who may write and read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class UploadPermit:
    """One presigned POST policy: what a runner may write, and until when."""

    url: str
    fields: Mapping[str, str]
    prefix: str
    max_bytes: int
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class LogRange:
    """Bytes of a log from ``offset``. ``gap`` > 0: so many bytes before ``data`` never arrived."""

    offset: int
    data: bytes
    next_offset: int
    gap: int = 0


@dataclass(frozen=True, slots=True)
class LogLink:
    """One object of a log, to be read directly for a few minutes by whoever has ``url``.

    Joined gzip members. What they hold must be checked by whoever reads it, as jobs write them:
    ``size`` bytes of the log from ``begins`` on, in one member unless it is the ``archive``.
    """

    url: str
    archive: bool
    begins: int
    size: int
    expires_in_s: int


class LogStore(Protocol):
    """Job logs in S3. Readers go by offset; nobody polls CloudWatch."""

    @property
    def permit_renew_after_s(self) -> int:
        """A runner whose permit may be so old wants a fresh one: half of its shortest life."""
        ...

    def permit(self, job_id: str, attempt: int) -> UploadPermit:
        """A permit for this attempt's prefix only. Made without a request, but for a role that is
        assumed now and then: ``ServiceTrouble`` when that fails. May be repeated."""
        ...

    @property
    def has_links(self) -> bool:
        """Whether readers reach where the logs are kept."""
        ...

    @property
    def largest_read(self) -> int:
        """The most bytes that one ``read`` should ask for: little where there are links."""
        ...

    def read(self, job_id: str, attempt: int, offset: int, limit: int) -> LogRange:
        """Up to ``limit`` bytes of what has arrived; empty data when there is nothing yet."""
        ...

    def read_or_link(
        self, job_id: str, attempt: int, offset: int, limit: int, *, whole: int | None
    ) -> LogRange | LogLink:
        """As ``read``, but an object of more than ``limit`` bytes comes as a link, where there are
        links. ``whole``: the log's length when it may come as one archive."""
        ...

    def link(self, job_id: str, attempt: int, offset: int, *, whole: int | None) -> LogLink | None:
        """The object that holds what comes next at ``offset``, be it small; None: there is none
        yet, or there are no links here."""
        ...
