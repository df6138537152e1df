"""A finished job's whole log: its size and digest, its beginning and its end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

KEPT_FIRST = 4 << 20
KEPT_LAST = 64 << 10


@dataclass(frozen=True, slots=True)
class LogDigest:
    """``shown`` is the log, its middle left out when it is long."""

    size: int
    sha256: str
    shown: bytes
    gap: int = 0


def digest_log(pages: Iterable[tuple[bytes, int]]) -> LogDigest:
    """Digest pages of (data, bytes lost before it) in constant memory."""
    digest = hashlib.sha256()
    size = gaps = 0
    first, last = bytearray(), b""
    for data, gap in pages:
        digest.update(data)
        size += len(data)
        gaps += gap
        room = KEPT_FIRST - len(first)
        first += data[:room]
        last = (last + data[room:])[-KEPT_LAST:] if room < len(data) else last
    return LogDigest(size, digest.hexdigest(), bytes(first) + last, gaps)
