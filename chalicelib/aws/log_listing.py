"""Finds the chunks that hold a log from some offset, by bounded listings."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls
from chalicelib.aws.log_names import ARCHIVE, MAX_CHUNK_BYTES, Chunk, name_from, read_name

PAGE_KEYS = 1000
"""The most keys that one ListObjectsV2 gives."""
PAGES_BACK = 20
LOOK_BACK = (4 << 10, 256 << 10, MAX_CHUNK_BYTES)
"""How far before an offset to look for the chunk that holds it, nearest first."""
REMEMBERED_ENDS = 4096


@dataclass(frozen=True, slots=True)
class Listing:
    """Chunks in order, none overlapping the one before; the first holds the offset asked for,
    or is the nearest after it. ``archive_bytes``: the archive's compressed size, when seen.
    """

    chunks: tuple[Chunk, ...]
    archive_bytes: int | None


class LogListings:
    """Lists an attempt's chunks from an offset.

    A follower asks at chunk boundaries: that is one request. Any other offset is looked for
    backwards, at most ``MAX_CHUNK_BYTES``, as no chunk is longer.
    """

    def __init__(self, clients: AwsClients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._lock = threading.Lock()
        self._ends: OrderedDict[tuple[str, int], None] = OrderedDict()

    def at(self, prefix: str, offset: int) -> Listing:
        """What there is at ``offset``, up to a page of chunks."""
        chunks, archive, _ = self._page(name_from(prefix, offset), prefix)
        if (chunks and chunks[0].offset == offset) or self._is_boundary(prefix, offset):
            return Listing(_joined(chunks, offset), archive)
        before = self._holding(prefix, offset)
        if before is not None:
            chunks.insert(0, before)
        return Listing(_joined(chunks, offset), archive)

    def has_archive(self, prefix: str) -> bool:
        """Whether the whole log is there as one object. A listing, as the right to list tells a
        missing object from a forbidden one."""
        with service_calls("look for the log's archive"):
            answer = self._clients.s3().list_objects_v2(
                Bucket=self._bucket, Prefix=prefix + ARCHIVE, MaxKeys=1
            )
        return any(entry["Key"] == prefix + ARCHIVE for entry in answer.get("Contents", []))

    def remember(self, prefix: str, end: int) -> None:
        """Note that a chunk ends here: a follower that asks again needs no look back."""
        with self._lock:
            self._ends[(prefix, end)] = None
            self._ends.move_to_end((prefix, end))
            while len(self._ends) > REMEMBERED_ENDS:
                self._ends.popitem(last=False)

    def _is_boundary(self, prefix: str, offset: int) -> bool:
        with self._lock:
            return offset == 0 or (prefix, offset) in self._ends

    def _holding(self, prefix: str, offset: int) -> Chunk | None:
        """The chunk that begins before ``offset`` and ends after it."""
        for distance in LOOK_BACK:
            last: Chunk | None = None
            after = name_from(prefix, offset - distance)
            for _ in range(PAGES_BACK):
                chunks, _, more = self._page(after, prefix)
                inside = [chunk for chunk in chunks if chunk.offset < offset]
                for chunk in inside:
                    if chunk.end > offset:
                        return chunk
                last = inside[-1] if inside else last
                if len(inside) < len(chunks) or not more:
                    break
                after = chunks[-1].key if chunks else more
            if last is not None:
                if last.end == offset:
                    self.remember(prefix, offset)
                return None
            if distance >= offset:
                return None
        return None

    def _page(self, after: str, prefix: str) -> tuple[list[Chunk], int | None, str]:
        """Chunks after a key, the archive's size if it is among them, the last key if cut."""
        with service_calls("list the log's chunks"):
            answer = self._clients.s3().list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=after, MaxKeys=PAGE_KEYS
            )
        chunks, archive, last = [], None, ""
        for entry in answer.get("Contents", []):
            last = entry["Key"]
            if last == prefix + ARCHIVE:
                archive = entry["Size"]
            elif (chunk := read_name(last)) is not None:
                chunks.append(chunk)
        return chunks, archive, last if answer.get("IsTruncated") else ""


def _joined(chunks: list[Chunk], offset: int) -> tuple[Chunk, ...]:
    """Chunks that add something at or after ``offset``, each beginning where none before lies."""
    kept: list[Chunk] = []
    end = offset
    for chunk in chunks:
        if chunk.end > end and (chunk.offset >= end or not kept):
            kept.append(chunk)
            end = chunk.end
    return tuple(kept)
