"""A stream cut to a limit: its beginning and its end are kept."""

from __future__ import annotations

from _collections import deque  # type: ignore[import-not-found]  # "collections" takes 1 ms

_TAIL_BYTES = 2 << 20


class HeadTail:
    """Passes the head through at once and keeps the tail in memory, so the tail is at most 2
    MiB."""

    def __init__(self, limit: int, tail: int = _TAIL_BYTES) -> None:
        """``limit``: bytes kept together; at most half of them, and at most ``tail``, are the
        end."""
        self._tail_limit = min(limit // 2, tail)
        self._head_left = limit - self._tail_limit
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.omitted = 0

    def feed(self, data: bytes) -> bytes:
        """The part that belongs to the head; the rest is kept or forgotten."""
        if len(data) <= self._head_left:
            self._head_left -= len(data)
            return data
        head = data[: self._head_left]
        self._head_left = 0
        self._keep(data[len(head) :])
        return head

    def finish(self) -> list[bytes]:
        """The kept end, to be put behind a line about ``omitted``, which is final by now."""
        tail = list(self._tail)
        self._tail.clear()
        return tail

    def _keep(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size > self._tail_limit:
            over = self._tail_size - self._tail_limit
            first = self._tail.popleft()
            if len(first) > over:
                self._tail.appendleft(first[over:])
            gone = min(over, len(first))
            self._tail_size -= gone
            self.omitted += gone
