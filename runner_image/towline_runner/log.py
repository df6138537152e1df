"""The log from the script's raw bytes to chunks on their way: masked, limited, counted."""

from __future__ import annotations

import time

from towline_runner.chunker import CHUNK_BYTES, Chunker
from towline_runner.compress import Compressors
from towline_runner.console import Console, note
from towline_runner.head_tail import HeadTail
from towline_runner.mask import Masker
from towline_runner.mask_forms import needles
from towline_runner.upload import Uploads
from towline_runner.work import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SMALLEST_CHUNK = 64 << 10
# The script waits at most so long for uploads that do not get on; then output is dropped instead.
_STALL_S = 10.0
_LOOK_EACH_S = 0.05
# With so many chunks waiting, none is cut by time: they would be many and small.
_MANY_WAITING = 4


class Log:
    """Written to by the reader's thread alone."""

    def __init__(
        self,
        compressors: Compressors,
        uploads: Uploads,
        console: Console | None,
        limits: Limits,
        secrets: dict[str, str],
        max_object: int,
    ) -> None:
        """``max_object``: the largest object that the permit allows."""
        to_mask, short = needles(secrets)
        self._masker = Masker(to_mask)
        self._short = short
        self._cut = HeadTail(limits.log_bytes)
        self._uploads = uploads
        self._console = console
        self._compressors = compressors
        most = max(_SMALLEST_CHUNK, min(CHUNK_BYTES, max_object - _SMALLEST_CHUNK))
        self._chunker = Chunker(compressors, limits.flush_s, most)
        self._dropping = 0
        self.dropped = 0
        self.interrupted: Callable[[], bool] = lambda: False

    @property
    def size(self) -> int:
        """Bytes of the visible log so far."""
        return self._chunker.total

    @property
    def chunks(self) -> int:
        return self._chunker.chunks

    @property
    def omitted(self) -> int:
        """Bytes between head and tail that the limit cost."""
        return self._cut.omitted

    def sha256(self) -> str:
        return self._chunker.sha256()

    def begin(self) -> None:
        """Say what the reader of the log must know before its first line."""
        if self._short:
            names = ", ".join(self._short)
            words = f"too short to be masked in this log: {names}"
            self._show(f"[towline: {words}]\n".encode(), time.monotonic())

    def write(self, data: bytes) -> None:
        """Take output as the script wrote it."""
        self._show(self._masker.feed(data), time.monotonic())

    def due_at(self) -> float | None:
        """When ``tick`` wants to be called."""
        if self._uploads.waiting >= _MANY_WAITING:
            return None
        return self._chunker.due_at()

    def tick(self) -> None:
        """Send what has waited long enough."""
        due, now = self.due_at(), time.monotonic()
        if due is not None and now >= due:
            self._chunker.flush(now)

    def finish(self) -> None:
        """The output has ended: send all that is left, and have the whole log put together."""
        now = time.monotonic()
        self._show(self._masker.finish(), now)
        tail = self._cut.finish()
        if self.omitted:
            words = f"{self.omitted} bytes of output left out here, at the log's limit"
            self._add(note(words), now)
        for block in tail:
            self._add(block, now)
        self._end_gap(now)
        self._chunker.flush(now)
        self._compressors.close(self.chunks, self._uploads.finish)
        if self._console is not None:
            self._console.finish()

    def _show(self, data: bytes, now: float) -> None:
        if not data:
            return
        if self._console is not None:
            self._console.feed(data)
        self._add(self._cut.feed(data), now)

    def _add(self, data: bytes, now: float) -> None:
        if not data:
            return
        if self._uploads.full and not self._room_comes():
            self._dropping += len(data)
            self.dropped += len(data)
            return
        self._end_gap(now)
        self._chunker.feed(data, now)

    def _end_gap(self, now: float) -> None:
        if self._dropping:
            words = f"{self._dropping} bytes of output lost here, as the log could not be sent"
            self._dropping = 0
            self._chunker.feed(note(words), now)

    def _room_comes(self) -> bool:
        """Wait for room while uploads get on at all: the script then only writes more slowly."""
        while self._uploads.full:
            stalled = time.monotonic() - self._uploads.last_progress > _STALL_S
            if stalled or self.interrupted():
                return False
            time.sleep(_LOOK_EACH_S)
        return True
