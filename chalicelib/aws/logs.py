"""Job logs in S3, read by offset or by link. Chunks come while the job runs, one archive at its
end."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import takewhile

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.log_links import LINK_LIFETIME_S, LogLinks
from chalicelib.aws.log_listing import Listing, LogListings
from chalicelib.aws.log_names import ARCHIVE, Chunk, attempt_prefix
from chalicelib.aws.permits import UploadPermits
from chalicelib.ports import LogLink, LogRange, UploadPermit

MAX_CHUNKS_READ = 64
"""One read gets at most so many objects; the next read goes on."""
PIECE = 256 << 10
LARGEST_INLINE = 4 << 20
"""Without links: base64 makes it 5.6 MB, and Lambda's answers end at 6 MB
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
LARGEST_BESIDE_LINKS = 64 << 10
"""With links: what a follower gets in its one request. More than that S3 gives out cheaper."""


class S3LogStore:
    """``ports.LogStore``. What jobs uploaded is not believed: every size is bounded here.

    ``links``: readers reach the bucket. Local mode has none, as its S3 is inside the process.
    """

    def __init__(
        self, clients: AwsClients, bucket: str, permits: UploadPermits, *, links: bool = True
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._permits = permits
        self._listings = LogListings(clients, bucket)
        self._links = LogLinks(clients, bucket) if links else None

    @property
    def has_links(self) -> bool:
        return self._links is not None

    @property
    def largest_read(self) -> int:
        return LARGEST_INLINE if self._links is None else LARGEST_BESIDE_LINKS

    @property
    def permit_renew_after_s(self) -> int:
        return self._permits.renew_after_s

    def permit(self, job_id: str, attempt: int) -> UploadPermit:
        return self._permits.make(job_id, attempt)

    def read(self, job_id: str, attempt: int, offset: int, limit: int) -> LogRange:
        """Up to ``limit`` bytes from ``offset``, or from the next byte that there is.

        ``LogRange.offset`` is where ``data`` begins: ``offset`` plus ``gap``. Raises
        ``ValueError`` for a negative offset or a limit below 1. May be repeated.
        """
        if offset < 0 or limit < 1:
            raise ValueError("a log is read from offset 0 or later, at least one byte")
        prefix = attempt_prefix(job_id, attempt)
        listing = self._listings.at(prefix, offset)
        if listing.archive_bytes is not None and _missing(listing.chunks, offset):
            # The chunks may have been cleared away, or one got lost: the archive has all.
            data = self._read_archive(prefix + ARCHIVE, offset, limit)
            if data:
                return LogRange(offset, data, offset + len(data))
        return self._read_chunks(prefix, listing.chunks, offset, limit)

    def read_or_link(
        self, job_id: str, attempt: int, offset: int, limit: int, *, whole: int | None
    ) -> LogRange | LogLink:
        """One listing (and one for the archive, at its beginning or in a gap), then the small
        chunks that come first, or a link to one large object. Nothing large is read here.
        """
        if self._links is None:
            return self.read(job_id, attempt, offset, limit)
        prefix = attempt_prefix(job_id, attempt)
        found = self._next(prefix, offset, limit, whole)
        if isinstance(found, LogLink):
            return found
        small = tuple(takewhile(lambda chunk: chunk.size <= limit, found.chunks))
        part = self._read_chunks(prefix, small, offset, limit)
        if part.data or len(small) == len(found.chunks):
            return part
        large = found.chunks[len(small)]  # nothing in front of it was what its name says
        return self._link(large.key, large.offset, large.size)

    def link(self, job_id: str, attempt: int, offset: int, *, whole: int | None) -> LogLink | None:
        if self._links is None:
            return None
        found = self._next(attempt_prefix(job_id, attempt), offset, 0, whole)
        return found if isinstance(found, LogLink) else None

    def _next(self, prefix: str, offset: int, small: int, whole: int | None) -> Listing | LogLink:
        """A link to what comes next when it has more than ``small`` bytes, else the chunks.

        The archive is for those who want all of it, and for what no chunk has.
        """
        wants_archive = whole is not None and whole > max(small, offset)
        if wants_archive and offset == 0 and self._listings.has_archive(prefix):
            return self._link(prefix + ARCHIVE, 0, whole or 0)
        listing = self._listings.at(prefix, offset)
        if (
            wants_archive
            and _missing(listing.chunks, offset)
            and (listing.archive_bytes is not None or self._listings.has_archive(prefix))
        ):
            return self._link(prefix + ARCHIVE, 0, whole or 0)
        if listing.chunks and listing.chunks[0].size > small:
            chunk = listing.chunks[0]
            return self._link(chunk.key, chunk.offset, chunk.size)
        return listing

    def _link(self, key: str, begins: int, size: int) -> LogLink:
        if self._links is None:
            raise ValueError("there are no links here")
        url = self._links.url(key)
        return LogLink(url, key.endswith(f"/{ARCHIVE}"), begins, size, LINK_LIFETIME_S)

    def _read_chunks(
        self, prefix: str, chunks: tuple[Chunk, ...], offset: int, limit: int
    ) -> LogRange:
        data = bytearray()
        start = position = offset
        for chunk in chunks[:MAX_CHUNKS_READ]:
            if data and chunk.offset > position:
                break  # A gap: the next read begins with it and says so.
            body = self._chunk(chunk)
            if body is None:
                if data:
                    break
                continue
            if not data:
                start = position = max(offset, chunk.offset)
            wanted = body[position - chunk.offset :][: limit - len(data)]
            data += wanted
            position += len(wanted)
            if position == chunk.end:
                self._listings.remember(prefix, position)
            if len(data) >= limit:
                break
        return LogRange(start, bytes(data), position, gap=start - offset)

    def _chunk(self, chunk: Chunk) -> bytes | None:
        """A chunk's bytes; None when it is gone or is not what its name says."""
        raw = b"".join(self._pieces(chunk.key, 2 * chunk.size + 4096))
        if not raw:
            return None
        inflater = zlib.decompressobj(wbits=31)
        try:
            # One byte more than it may have: a longer one shows, and costs no more memory.
            body = inflater.decompress(raw, chunk.size + 1)
        except zlib.error:
            return None
        # Only at the member's end has its checksum been compared.
        return body if len(body) == chunk.size and inflater.eof else None

    def _read_archive(self, key: str, offset: int, limit: int) -> bytes:
        """Bytes ``offset`` to ``offset + limit`` of the archive; '' past its end."""
        kept = bytearray()
        position = 0
        for piece in _inflated(self._pieces(key, None)):
            begin = max(0, offset - position)
            position += len(piece)
            kept += piece[begin : begin + limit - len(kept)]
            if len(kept) >= limit:
                break
        return bytes(kept)

    def _pieces(self, key: str, most: int | None) -> Iterator[bytes]:
        """An object's raw bytes; none when there is no such object."""
        from botocore.exceptions import ClientError

        with service_calls(f"read {key}"):
            try:
                body = self._clients.s3().get_object(Bucket=self._bucket, Key=key)["Body"]
            except ClientError as error:
                if error_code(error) in ("NoSuchKey", "404"):
                    return
                raise
        with body:
            left = most
            while left is None or left > 0:
                with service_calls(f"read {key}"):
                    piece = body.read(PIECE if left is None else min(PIECE, left))
                if not piece:
                    return
                left = None if left is None else left - len(piece)
                yield piece


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress joined gzip members, a piece at a time; ends at the first that is broken."""
    inflater = zlib.decompressobj(wbits=31)
    for piece in pieces:
        data = piece
        while data:
            if inflater.eof:
                inflater = zlib.decompressobj(wbits=31)
            try:
                out = inflater.decompress(data, PIECE)
            except zlib.error:
                return
            if out:
                yield out
            # Output that is still inside comes with what follows, at the latest with the member's
            # checksum, which is not consumed before.
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail


def _missing(chunks: tuple[Chunk, ...], offset: int) -> bool:
    """Whether what comes next at ``offset`` is not in any chunk."""
    return not chunks or chunks[0].offset > offset
