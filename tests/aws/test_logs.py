"""Reading logs by offset: every byte as written, gaps told, work bounded, uploads not believed."""

from __future__ import annotations

import gzip
import random
import tracemalloc

import pytest

from chalicelib.aws import log_listing, logs
from chalicelib.aws.clients import AwsCredentials
from chalicelib.aws.logs import S3LogStore
from chalicelib.aws.permits import UploadPermits
from chalicelib.ports import LogRange
from tests.aws.log_uploads import JOB, PREFIX, Uploads
from tests.aws.world import NOW, World

NASTY = bytes(range(256)) + b"\r\n\x1b[2J\0\xff\xfe" + "naïve ☃".encode() + b"\xe2\x98"


@pytest.fixture
def store(world: World) -> S3LogStore:
    permits = UploadPermits(
        bucket=world.bucket,
        region="eu-west-1",
        credentials=lambda: AwsCredentials("AKUPLOAD", "other"),
        clock=lambda: NOW,
    )
    return S3LogStore(world.clients, world.bucket, permits)


@pytest.fixture
def uploads(world: World) -> Uploads:
    return Uploads(world)


def _whole(store: S3LogStore, limit: int) -> bytes:
    """What a follower collects."""
    collected, offset = b"", 0
    while True:
        part = store.read(JOB, 1, offset, limit)
        assert part.gap == 0
        assert part.offset == offset
        assert len(part.data) <= limit
        if not part.data:
            return collected
        collected += part.data
        assert part.next_offset == offset + len(part.data)
        offset = part.next_offset


def test_nothing_has_arrived_yet(store: S3LogStore) -> None:
    assert store.read(JOB, 1, 0, 100) == LogRange(0, b"", 0)


@pytest.mark.parametrize("limit", [3, 64, 1 << 20])
def test_nasty_bytes_come_back_as_they_were_written(
    store: S3LogStore, uploads: Uploads, limit: int
) -> None:
    for start in range(0, len(NASTY), 60):
        uploads.chunk(NASTY[start : start + 60])
    assert _whole(store, limit) == NASTY


def test_any_offset_can_be_read_at_any_size(store: S3LogStore, uploads: Uploads) -> None:
    rng = random.Random(7)  # noqa: S311 - the same bytes each time
    text = rng.randbytes(3000)
    position = 0
    while position < len(text):
        size = rng.choice([1, 2, 5, 40, 400])
        uploads.chunk(text[position : position + size])
        position += size
    for _ in range(30):
        offset, limit = rng.randrange(len(text) + 1), rng.randrange(1, 900)
        data = b""
        while len(data) < limit:
            part = store.read(JOB, 1, offset + len(data), limit - len(data))
            if not part.data:
                break
            data += part.data
        assert data == text[offset : offset + limit]


def test_a_chunk_that_never_arrived_is_told_and_the_rest_is_shown(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(b"first ")
    uploads.lose(b"lost!")
    uploads.chunk(b"third")
    assert store.read(JOB, 1, 0, 100) == LogRange(0, b"first ", 6)
    assert store.read(JOB, 1, 6, 100) == LogRange(11, b"third", 16, gap=5)
    assert store.read(JOB, 1, 8, 100) == LogRange(11, b"third", 16, gap=3)


def test_after_the_end_the_archive_fills_what_chunks_do_not_have(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(b"first ")
    uploads.lose(b"lost! ")
    uploads.chunk(b"third")
    uploads.archive()
    assert _whole(store, 4) == b"first lost! third"


def test_the_archive_alone_is_enough(store: S3LogStore, uploads: Uploads) -> None:
    text = random.Random(1).randbytes(1 << 19) + bytes(1 << 19)  # noqa: S311 - the same each time
    uploads.lose(text)
    uploads.lose(b"tail")
    uploads.archive()
    assert _whole(store, 300_000) == text + b"tail"


def test_a_follower_at_the_end_costs_one_listing(
    world: World, store: S3LogStore, uploads: Uploads
) -> None:
    for _ in range(5):
        uploads.chunk(b"x" * 100)
    read = store.read(JOB, 1, 0, 1000)
    world.count()
    assert store.read(JOB, 1, read.next_offset, 1000).data == b""
    assert world.count() == {"ListObjectsV2": 1}
    uploads.chunk(b"more")
    world.count()
    assert store.read(JOB, 1, read.next_offset, 1000).data == b"more"
    assert world.count() == {"ListObjectsV2": 1, "GetObject": 1}


def test_another_instance_at_the_end_needs_a_bounded_look_back(
    world: World, store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(bytes(5 << 20))
    other = S3LogStore(world.clients, world.bucket, store._permits)
    world.count()
    assert other.read(JOB, 1, 5 << 20, 1000) == LogRange(5 << 20, b"", 5 << 20)
    assert world.count()["ListObjectsV2"] <= 4
    assert other.read(JOB, 1, 5 << 20, 1000).data == b""
    assert world.count() == {"ListObjectsV2": 1}
    assert other.read(JOB, 1, (5 << 20) - 3, 1000).data == bytes(3)


def test_listings_go_on_past_their_first_page(
    store: S3LogStore, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_listing, "PAGE_KEYS", 2)
    for number in range(9):
        uploads.chunk(b"%d--" % number)
    assert _whole(store, 1000) == b"".join(b"%d--" % number for number in range(9))
    assert store.read(JOB, 1, 22, 4).data == b"--8-"


def test_one_read_gets_a_bounded_number_of_objects(
    world: World, store: S3LogStore, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_CHUNKS_READ", 3)
    for _ in range(8):
        uploads.chunk(b"ab")
    world.count()
    assert store.read(JOB, 1, 0, 1000).data == b"ababab"
    assert world.count()["GetObject"] == 3
    assert _whole(store, 1000) == b"ab" * 8


def member(data: bytes) -> bytes:
    """A gzip member without a time, so that each worker has the same tests."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("000000000000005-00000001-5.gz", b"not gzip at all"),
        ("000000000000005-00000001-5.gz", member(bytes(50 << 20))),
        ("000000000000005-00000001-5.gz", member(b"1234")),
        ("000000000000005-00000001-5.gz", member(b"12345")[:-4]),
        ("000000000000005-00000001-0.gz", member(b"")),
        ("000000000000005-00000001-9999999999.gz", member(b"12345")),
        ("000000000000005-00000001-9000000.gz", member(bytes(9_000_000))),
        ("5-1-5.gz", member(b"12345")),
        ("000000000000003-00000001-2.gz", member(b"XX")),
        ("zzz", b""),
    ],
)
def test_what_a_job_puts_beside_its_chunks_spoils_nothing(
    store: S3LogStore, uploads: Uploads, name: str, body: bytes
) -> None:
    uploads.chunk(b"first")
    uploads.put(name, body)
    uploads.offset += 5
    uploads.chunk(b"third")
    assert store.read(JOB, 1, 0, 100).data == b"first"
    assert store.read(JOB, 1, 5, 100) == LogRange(10, b"third", 15, gap=5)


def test_a_chunk_that_swells_takes_no_more_memory_than_its_name_says(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.put("000000000000000-00000000-100000.gz", gzip.compress(bytes(50 << 20)))
    store.read(JOB, 1, 0, 100)  # What is loaded at first use is not counted.
    tracemalloc.start()
    try:
        assert store.read(JOB, 1, 0, 100).data == b""
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 25 << 20  # Some of it is the mock server's, which is in this process.


def test_the_archive_is_whole_however_its_bytes_come_in(
    store: S3LogStore, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = bytes(5000) + NASTY + b"x" * 3000
    uploads.lose(text)
    uploads.lose(b"tail")
    uploads.archive()
    monkeypatch.setattr(logs, "PIECE", 7)
    assert store.read(JOB, 1, 0, 100_000).data == text + b"tail"
    assert store.read(JOB, 1, 4990, 30).data == text[4990:5020]


def test_a_repeated_or_overlapping_chunk_shows_no_byte_twice(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(b"12345")
    uploads.put("000000000000000-00000007-5.gz", gzip.compress(b"abcde"))
    uploads.put("000000000000003-00000008-4.gz", gzip.compress(b"WXYZ"))
    uploads.chunk(b"67890")
    assert _whole(store, 100) == b"1234567890"


def test_attempts_and_jobs_do_not_share_logs(
    world: World, store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(b"mine")
    assert store.read(JOB, 11, 0, 10).data == b""
    assert store.read(JOB[:-1], 1, 0, 10).data == b""
    assert store.read(JOB, 1, 0, 10).data == b"mine"
    assert PREFIX.endswith("/1/")


@pytest.mark.parametrize(("offset", "limit"), [(-1, 5), (0, 0)])
def test_an_impossible_range_is_refused(store: S3LogStore, offset: int, limit: int) -> None:
    with pytest.raises(ValueError, match="offset 0 or later"):
        store.read(JOB, 1, offset, limit)
