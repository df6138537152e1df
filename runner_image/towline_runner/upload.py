"""Chunks are posted to S3 under the permit, in order, for as long as the allowance lasts."""

from __future__ import annotations

import os
import time
from _queue import Empty, SimpleQueue

from towline_runner.compress import RawChunk
from towline_runner.service import Backoff
from towline_runner.spool import Piece, Spool
from towline_runner.wire import Address, Connection, Unreachable
from towline_runner.work import Permit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

WHOLE = "log.gz"
MEMORY_BACKLOG = 24 << 20
_TIMEOUT_S = 30.0
_SLOWEST_BYTES_S = 50_000
_HOPELESS_TRIES = 5
_ASK_FOR_PERMIT_EACH_S = 5.0
_NEVER = float("inf")


class Uploads:
    """One thread runs ``run``; the others call the rest."""

    def __init__(self, spool: Spool, want_permit: Callable[[], None]) -> None:
        """``want_permit``: called when the permit was refused, so that a fresh one is asked for."""
        self._spool = spool
        self._want_permit = want_permit
        self._asked_at = 0.0
        self._permit: Permit | None = None
        self._connection: Connection | None = None
        self._queue: SimpleQueue[tuple[RawChunk, Piece] | None] = SimpleQueue()
        self._nudge: SimpleQueue[None] = SimpleQueue()
        self._until = _NEVER
        self._memory = 0
        self.waiting = 0
        self.last_progress = time.monotonic()
        self.delivered = 0  # bytes of the log, before compression
        self.archived = False

    def renew(self, permit: Permit) -> None:
        """Use this permit from now on."""
        self._permit = permit
        self._nudge.put(None)

    def give_up_at(self, until: float) -> None:
        """No more tries after this time of the monotonic clock."""
        self._until = min(self._until, until)
        self._nudge.put(None)

    @property
    def full(self) -> bool:
        """Whether as much is held in memory as may be. What is on disk does not count."""
        return self._memory >= MEMORY_BACKLOG

    def add(self, chunk: RawChunk, piece: Piece) -> None:
        """Queue one chunk."""
        if piece.data is not None:
            self._memory += piece.size
        self.waiting += 1
        self._queue.put((chunk, piece))

    def finish(self) -> None:
        """No more chunks come: post the whole log and end."""
        self._queue.put(None)

    def run(self) -> None:
        """The thread's body: until ``finish``."""
        lost = 0
        while (item := self._queue.get()) is not None:
            chunk, piece = item
            if self._deliver(chunk.name, piece.size, self._blocks(piece)):
                self.delivered += chunk.size
            else:
                lost += 1
            if piece.data is not None:
                self._memory -= piece.size
            self.waiting -= 1
        size = self._spool.size
        if size and self._spool.complete and not lost and self._fits(size):
            self.archived = self._deliver(WHOLE, size, self._spool.whole)

    def _blocks(self, piece: Piece) -> Callable[[], Iterable[bytes]]:
        return lambda: self._spool.blocks(piece)

    def _fits(self, size: int) -> bool:
        return self._permit is not None and size <= self._permit.max_bytes

    def _deliver(self, name: str, size: int, blocks: Callable[[], Iterable[bytes]]) -> bool:
        """Post one object, trying until it is there or the time is up. Whether it is there."""
        backoff = Backoff(0.2, 20.0)
        hopeless = 0
        while time.monotonic() < self._until:
            status = self._post(name, size, blocks)
            if 200 <= status < 300:
                self.last_progress = time.monotonic()
                return True
            if status == 403:
                self._ask_for_permit()
            elif 400 <= status < 500 and status not in (408, 425, 429):
                hopeless += 1
                if hopeless >= _HOPELESS_TRIES:
                    return False
            self._pause(backoff.next_s())
        return False

    def _post(self, name: str, size: int, blocks: Callable[[], Iterable[bytes]]) -> int:
        """One try: the answer's status, 0 when there was none."""
        permit = self._permit
        if permit is None:
            return 0
        try:
            address = Address(permit.url)
            connection = self._connection
            if connection is None or connection.address.authority != address.authority:
                connection = self._connection = Connection(address)
            boundary = f"towline-{os.urandom(12).hex()}"
            head, tail = _frame(permit, name, boundary)

            def body() -> Iterator[bytes]:
                first = head
                for block in blocks():
                    yield first + block
                    first = b""
                yield tail

            answer = connection.exchange(
                address.path or "/",
                f"multipart/form-data; boundary={boundary}",
                len(head) + size + len(tail),
                body,
                _TIMEOUT_S + size / _SLOWEST_BYTES_S,
            )
        except (Unreachable, ValueError, OSError):
            if self._connection is not None:
                self._connection.close()
            return 0
        return answer.status

    def _ask_for_permit(self) -> None:
        now = time.monotonic()
        if now - self._asked_at > _ASK_FOR_PERMIT_EACH_S:
            self._asked_at = now
            self._want_permit()

    def _pause(self, wait_s: float) -> None:
        """Wait before the next try; a fresh permit or an earlier end cuts it short."""
        try:
            self._nudge.get(timeout=max(0.0, min(wait_s, self._until - time.monotonic())))
        except Empty:
            return


def _frame(permit: Permit, name: str, boundary: str) -> tuple[bytes, bytes]:
    """What stands before and after the file in a presigned POST: the fields first, the file last.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
    """
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in permit.fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/gzip\r\n\r\n"
    )
    return "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()
