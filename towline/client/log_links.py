"""Reads a log's objects straight from where they are kept, and believes nothing of them.

A link leads to joined gzip members (docs/protocol.md, "Log"). Jobs may write below their own
prefix, so sizes are bounded here: a member that swells costs no more memory than it may have.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from towline.client.errors import ServiceUnreachable
from towline.client.storage import NoSuchObject, Storage, StorageTrouble

MAX_MEMBER_BYTES = 8 << 20
"""The most that a chunk holds, and so one member of the archive."""
TRIES = 3

Link = Mapping[str, Any]


class _Broken(Exception):  # noqa: N818 - what the object is, not a fault
    """The object is not what its link says."""


class LogLinks:
    """Follows links. What turned out to be broken or gone is remembered and not read again.

    Not for several threads at once.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        self._storage = storage or Storage()
        self._broken: set[str] = set()

    def close(self) -> None:
        """Let go of the connection. May be repeated."""
        self._storage.close()

    def read(self, link: Link, offset: int) -> Iterator[bytes]:
        """The log's bytes from ``offset`` to the link's end, a member at a time, each checked.

        They end early when the connection is cut, and where the object is not what the link says
        or is gone; then it is never asked for again. Raises ``ServiceUnreachable`` when nothing of
        it can be read now.
        """
        name = str(link["url"]).partition("?")[0]
        if name in self._broken:
            return
        for tried in range(1, TRIES + 1):
            given = False
            try:
                for data in self._wanted(link, offset):
                    given = True
                    yield data
            except (NoSuchObject, _Broken):
                self._broken.add(name)
            except StorageTrouble as trouble:
                if not given and tried < TRIES:
                    continue
                if not given:
                    raise ServiceUnreachable(
                        f"can't read the log from {trouble.host}: {trouble}. "
                        "Is that host reachable from here?"
                    ) from None
            return

    def _wanted(self, link: Link, offset: int) -> Iterator[bytes]:
        size = int(link["size"])
        position = int(link["begins"])
        end = position + size
        most = MAX_MEMBER_BYTES if link["archive"] else size
        for data in members(self._storage.get(str(link["url"])), most):
            if not link["archive"] and len(data) != size:
                raise _Broken
            wanted = data[max(0, offset - position) : end - position]
            position += len(data)
            if wanted:
                yield wanted
            if position >= end:
                return
        raise _Broken


def members(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """What each gzip member holds, whole and with its checksum compared. Ends before the first
    that is broken, or has more than ``most`` bytes."""
    inflater, body = zlib.decompressobj(wbits=31), bytearray()
    for piece in pieces:
        data = piece
        while data:
            try:
                # One byte more than it may have: a longer one shows, and costs no more memory.
                body += inflater.decompress(data, most + 1 - len(body))
            except zlib.error:
                return
            if len(body) > most:
                return
            if not inflater.eof:
                data = inflater.unconsumed_tail
                continue
            data = inflater.unused_data
            yield bytes(body)
            inflater, body = zlib.decompressobj(wbits=31), bytearray()
