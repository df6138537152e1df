"""Storage that is too slow, a console that is too slow: what is lost is counted and named."""

from __future__ import annotations

import os
import threading

from towline_runner.compress import Compressors, RawChunk
from towline_runner.console import LIMIT, Console
from towline_runner.log import Log
from towline_runner.spool import Piece, Spool
from towline_runner.upload import MEMORY_BACKLOG, Uploads
from towline_runner.work import Limits


class Storage:
    """The way from a log's bytes to chunks without a network: nothing is ever uploaded."""

    def __init__(self) -> None:
        self.uploads = Uploads(Spool([]), lambda: None)
        self.visible: list[bytes] = []
        compressors = Compressors(lambda _chunk, _member: None)
        compressors.add = self._take  # type: ignore[method-assign]
        limits = Limits({"timeout_s": 1, "flush_s": 0})
        self.log = Log(compressors, self.uploads, None, limits, {}, 1 << 30)
        self.log.interrupted = lambda: True  # do not wait for room that never comes

    def _take(self, chunk: RawChunk) -> None:
        self.visible += chunk.blocks

    def fill(self, room: int) -> None:
        """Leave ``room`` bytes of memory for compressed chunks."""
        chunk = RawChunk(0, 0, 0, [])
        size = MEMORY_BACKLOG - room
        self.uploads.add(chunk, Piece(size, 0, b""))


def test_output_beyond_the_backlog_is_dropped_counted_and_named_in_the_log() -> None:
    storage = Storage()
    storage.log.write(b"kept\n")
    storage.fill(room=0)
    storage.log.write(b"lost\n")
    storage.log.write(b"lost again\n")
    storage.log.finish()
    assert b"".join(storage.visible) == (
        b"kept\n\n[towline: 16 bytes of output lost here, as the log could not be sent]\n"
    )
    assert storage.log.dropped == 16
    assert storage.log.size == sum(map(len, storage.visible))


def test_the_gap_is_named_where_it_is_once_there_is_room_again() -> None:
    storage = Storage()
    storage.fill(room=0)
    storage.log.write(b"lost\n")
    storage.fill(room=MEMORY_BACKLOG * 2)
    storage.log.write(b"kept\n")
    storage.log.finish()
    line = b"\n[towline: 5 bytes of output lost here, as the log could not be sent]\n"
    assert b"".join(storage.visible) == line + b"kept\n"


def test_below_the_backlog_nothing_is_dropped() -> None:
    storage = Storage()
    storage.fill(room=1)
    storage.log.write(b"kept\n")
    storage.log.finish()
    assert b"".join(storage.visible) == b"kept\n"


def test_chunks_on_disk_do_not_count_as_memory() -> None:
    storage = Storage()
    storage.uploads.add(RawChunk(0, 0, 0, []), Piece(MEMORY_BACKLOG * 2, 0, None))
    assert not storage.uploads.full


def copied(feed: list[bytes], reading: bool = True) -> bytes:
    """What arrives at the reader of standard output."""
    source, target = os.pipe()
    got: list[bytes] = []
    console = Console(target)
    writer = threading.Thread(target=console.run)
    reader = threading.Thread(
        target=lambda: got.extend(iter(lambda: os.read(source, 1 << 16), b""))
    )
    if reading:
        writer.start()
        reader.start()
    for block in feed:
        console.feed(block)
        while reading and console.pending:
            pass
    console.finish()
    if not reading:
        writer.start()
        reader.start()
    writer.join()
    os.close(target)
    reader.join()
    os.close(source)
    return b"".join(got)


def test_the_console_copy_has_a_limit_and_keeps_both_ends() -> None:
    block = bytes(range(256)) * 1000
    everything = block * 60
    got = copied([block] * 60)
    head, line, tail = got.partition(b"\n[towline: ")
    _, _, end = tail.partition(b"]\n")
    assert line
    assert everything.startswith(head)
    assert everything.endswith(end)
    assert len(head) + len(end) == LIMIT


def test_a_console_that_is_not_read_loses_bytes_and_says_so() -> None:
    got = copied([b"x" * 1_000_000] * 8, reading=False)
    kept = got.count(b"x")
    assert kept < 8_000_000
    assert f"{8_000_000 - kept} bytes lost here".encode() in got
