"""The visible log is cut into numbered chunks, by size and by time."""

from __future__ import annotations

from towline_runner.compress import Compressors, RawChunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHUNK_BYTES = 4 << 20
# The first words of a burst wait this long for the rest of it: most short jobs are then one chunk.
_BURST_S = 0.025


class Chunker:
    """Times are given by the caller, in seconds of the monotonic clock. Used by one thread."""

    def __init__(self, compressors: Compressors, flush_s: float, most: int = CHUNK_BYTES) -> None:
        self._compressors = compressors
        self._flush_s = flush_s
        self._most = most
        self._blocks: list[bytes] = []
        self._size = 0
        self._first_at = 0.0
        self._sent_at = float("-inf")
        self._offset = 0
        self._digest = _Digest()
        self.chunks = 0

    @property
    def total(self) -> int:
        """Bytes of the log so far."""
        return self._offset + self._size

    def feed(self, data: bytes, now: float) -> None:
        """Add to the log. Full chunks leave at once."""
        if not data:
            return
        self._digest.update(data)
        while self._size + len(data) >= self._most:
            fits = self._most - self._size
            self._take(data[:fits], now)
            data = data[fits:]
            self.flush(now)
        self._take(data, now)

    def due_at(self) -> float | None:
        """When the open chunk is to be sent; None when there is none."""
        if not self._size:
            return None
        return max(self._first_at + _BURST_S, self._sent_at + self._flush_s)

    def flush(self, now: float) -> None:
        """Send the open chunk, if any."""
        if self._size:
            self._compressors.add(RawChunk(self.chunks, self._offset, self._size, self._blocks))
            self.chunks += 1
            self._offset += self._size
            self._blocks = []
            self._size = 0
            self._sent_at = now

    def sha256(self) -> str:
        """Of all bytes of the log, as hex digits."""
        return self._digest.hexdigest()

    def _take(self, data: bytes, now: float) -> None:
        if data:
            if not self._size:
                self._first_at = now
            self._blocks.append(data)
            self._size += len(data)


class _Digest:
    """SHA-256 by OpenSSL, which is five times as fast as Python's own but takes 2 ms to load: a
    short log is done by the latter."""

    _SHORT = 1 << 16

    def __init__(self) -> None:
        self._first: list[bytes] = []
        self._size = 0
        self._hash: Any = None

    def update(self, data: bytes) -> None:
        if self._hash is None:
            self._first.append(data)
            self._size += len(data)
            if self._size > self._SHORT:
                self._hash = _openssl()
                data = b"".join(self._first)
                self._first.clear()
        if self._hash is not None:
            self._hash.update(data)

    def hexdigest(self) -> str:
        if self._hash is None:
            digest = _small()
            digest.update(b"".join(self._first))
            return str(digest.hexdigest())
        return str(self._hash.hexdigest())


def _small() -> Any:
    try:
        import _sha256  # type: ignore[import-not-found]  # until Python 3.11
    except ImportError:
        try:
            import _sha2  # type: ignore[import-not-found]  # from Python 3.12 on
        except ImportError:
            return _openssl()
        return _sha2.sha256()
    return _sha256.sha256()


def _openssl() -> Any:
    import hashlib

    return hashlib.sha256()
