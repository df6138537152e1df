"""Names of log chunks, which are the log's index (``docs/protocol.md``, "Log"). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHUNK_BYTES = 8 << 20
"""The most bytes that one chunk holds before compression."""
ARCHIVE = "log.gz"
"""The whole log, beside the chunks once the script has ended; sorts after all of them."""

_CHUNK = re.compile(r"(\d{15})-(\d{8})-(\d{1,7})\.gz\Z")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk as its name tells it. ``offset`` and ``size`` count the reader's bytes."""

    key: str
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def attempt_prefix(job_id: str, attempt: int) -> str:
    """Where the log of one attempt is."""
    return f"logs/{job_id}/{attempt}/"


def name_from(prefix: str, offset: int) -> str:
    """A key that sorts just before every chunk that begins at ``offset`` or later."""
    return f"{prefix}{max(0, offset):015d}"


def read_name(key: str) -> Chunk | None:
    """The chunk of that key; None for a name that no runner of ours gives.

    A job may post what it likes below its own prefix, so names are not believed before they
    have this form.
    """
    match = _CHUNK.match(key.rpartition("/")[2])
    if match is None or not 0 < int(match[3]) <= MAX_CHUNK_BYTES:
        return None
    return Chunk(key, int(match[1]), int(match[3]))
