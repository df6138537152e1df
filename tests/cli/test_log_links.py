"""Following links to a log: every byte checked, nothing believed, troubles in sentences."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.cli.storage_server import StorageServer, storage_server
from towline.client.errors import ServiceUnreachable
from towline.client.log_links import MAX_MEMBER_BYTES, LogLinks, members

CHUNKS = [b"first\n" * 50, bytes(range(256)) * 300, b"last"]
WHOLE = b"".join(CHUNKS)


def joined(*parts: bytes) -> bytes:
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


@pytest.fixture
def storage() -> Iterator[StorageServer]:
    with storage_server() as server:
        yield server


@pytest.fixture
def links() -> Iterator[LogLinks]:
    made = LogLinks()
    yield made
    made.close()


def test_a_chunk_is_read_from_any_of_its_bytes_over_one_connection_without_any_token(
    storage: StorageServer, links: LogLinks
) -> None:
    storage.objects["c"] = joined(b"0123456789")
    link = storage.link("c", 100, 10)
    for offset, data in ((100, b"0123456789"), (104, b"456789"), (50, b"0123456789")):
        assert b"".join(links.read(link, offset)) == data
    assert storage.connections == 1
    assert all("Authorization" not in headers for headers in storage.headers_seen)


def test_an_archive_is_read_a_member_at_a_time_from_any_offset_to_its_reported_end(
    storage: StorageServer, links: LogLinks
) -> None:
    storage.objects["log.gz"] = joined(*CHUNKS, b"more than was reported")
    link = storage.link("log.gz", 0, len(WHOLE), archive=True)
    assert list(links.read(link, 0)) == CHUNKS
    rng = random.Random(3)  # noqa: S311 - the same offsets each time
    for offset in [0, 1, len(WHOLE) - 1, *(rng.randrange(len(WHOLE)) for _ in range(10))]:
        assert b"".join(links.read(link, offset)) == WHOLE[offset:]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not gzip at all",
        joined(b"123456789"),
        joined(b"0123456789X"),
        joined(b"0123456789")[:-4],
        joined(b"0123456789")[:-8] + bytes(8),
        joined(bytes(50 << 20)),
    ],
    ids=["empty", "no gzip", "short", "long", "cut", "checksum", "bomb"],
)
def test_a_chunk_that_is_not_what_its_name_says_gives_nothing_and_is_not_read_again(
    storage: StorageServer, links: LogLinks, body: bytes
) -> None:
    storage.objects["c"] = body
    link = storage.link("c", 0, 10)
    assert list(links.read(link, 0)) == []
    assert list(links.read({**link, "url": link["url"] + "&fresh=1"}, 0)) == []
    assert len(storage.seen) == 1


@pytest.mark.parametrize("status", [404, 403])
def test_an_object_that_is_gone_gives_nothing(
    storage: StorageServer, links: LogLinks, status: int
) -> None:
    storage.faults = [status]
    assert list(links.read(storage.link("c", 0, 10), 0)) == []


def test_an_archive_gives_what_is_sound_in_front_of_what_is_broken(
    storage: StorageServer, links: LogLinks
) -> None:
    storage.objects["log.gz"] = joined(*CHUNKS[:2]) + b"rubbish" + joined(CHUNKS[2])
    link = storage.link("log.gz", 0, len(WHOLE), archive=True)
    assert list(links.read(link, 0)) == CHUNKS[:2]
    assert list(links.read(link, 0)) == []


def test_a_member_that_swells_takes_no_more_memory_than_it_may_have(
    storage: StorageServer, links: LogLinks
) -> None:
    storage.objects["log.gz"] = joined(bytes(MAX_MEMBER_BYTES * 20))
    link = storage.link("log.gz", 0, MAX_MEMBER_BYTES * 20, archive=True)
    tracemalloc.start()
    try:
        assert list(links.read(link, 0)) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MAX_MEMBER_BYTES


@pytest.mark.parametrize("fault", [500, 503, ("cut", 20), ("drop", 0)], ids=str)
def test_a_passing_trouble_is_tried_again(
    storage: StorageServer, links: LogLinks, fault: int | tuple[str, int]
) -> None:
    storage.objects["c"] = joined(random.Random(1).randbytes(1000))  # noqa: S311
    storage.faults = [fault, fault]
    assert len(b"".join(links.read(storage.link("c", 0, 1000), 0))) == 1000


def test_a_lasting_trouble_is_a_sentence_that_names_the_host_and_not_the_link(
    storage: StorageServer, links: LogLinks
) -> None:
    storage.faults = [503] * 3
    with pytest.raises(ServiceUnreachable, match=r"from 127\.0\.0\.1:\d+: .*503") as told:
        list(links.read(storage.link("c", 0, 10), 0))
    assert "Signature" not in str(told.value)
    with pytest.raises(ServiceUnreachable, match="its address is not one"):
        list(links.read({**storage.link("c", 0, 10), "url": "ftp://x/y"}, 0))


def test_an_archive_whose_connection_is_cut_gives_what_came_and_may_be_read_again(
    storage: StorageServer, links: LogLinks
) -> None:
    storage.objects["log.gz"] = joined(*CHUNKS)
    link = storage.link("log.gz", 0, len(WHOLE), archive=True)
    storage.faults = [("cut", len(joined(*CHUNKS[:2])) + 3)]
    assert list(links.read(link, 0)) == CHUNKS[:2]
    assert list(links.read(link, 0)) == CHUNKS


def test_members_are_whole_however_their_bytes_come_in() -> None:
    body = joined(*CHUNKS, b"", b"end")
    for size in (1, 7, 4096):
        pieces = (body[start : start + size] for start in range(0, len(body), size))
        assert list(members(pieces, 1 << 20)) == [*CHUNKS, b"", b"end"]


def test_who_stops_reading_half_way_spoils_no_later_answer(
    storage: StorageServer, links: LogLinks
) -> None:
    parts = [random.Random(n).randbytes(1 << 20) for n in range(4)]  # noqa: S311
    storage.objects["log.gz"] = joined(*parts)
    storage.objects["c"] = joined(b"0123456789")
    for data in links.read(storage.link("log.gz", 0, 4 << 20, archive=True), 0):
        assert data == parts[0]
        break
    assert list(links.read(storage.link("c", 0, 10), 0)) == [b"0123456789"]
