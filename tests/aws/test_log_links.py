"""Links to a log's objects: what is linked, what is not, and that they lead to it over HTTP."""

from __future__ import annotations

import gzip
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.log_links import LogLinks
from chalicelib.aws.logs import S3LogStore
from chalicelib.aws.permits import UploadPermits
from chalicelib.ports import LogLink, LogRange
from tests.aws.log_uploads import JOB, PREFIX, Uploads
from tests.aws.world import NOW, World

SMALL = 100


def a_store(world: World, *, links: bool = True) -> S3LogStore:
    permits = UploadPermits(
        bucket=world.bucket,
        region="eu-west-1",
        credentials=lambda: AwsCredentials("AKUPLOAD", "other"),
        clock=lambda: NOW,
    )
    return S3LogStore(world.clients, world.bucket, permits, links=links)


@pytest.fixture
def store(world: World) -> S3LogStore:
    return a_store(world)


@pytest.fixture
def uploads(world: World) -> Uploads:
    return Uploads(world)


def get(link: LogLink) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(link.url, timeout=10) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def look(store: S3LogStore, offset: int, whole: int | None = None) -> LogRange | LogLink:
    return store.read_or_link(JOB, 1, offset, SMALL, whole=whole)


def linked(found: LogRange | LogLink | None) -> LogLink:
    assert isinstance(found, LogLink)
    return found


def test_a_link_leads_to_one_object_for_a_few_minutes_and_asks_to_be_saved(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(b"x" * 101)
    link = linked(look(store, 0))
    assert (link.archive, link.begins, link.size, link.expires_in_s) == (False, 0, 101, 300)
    body, headers = get(link)
    assert gzip.decompress(body) == b"x" * 101
    assert headers["content-type"] == "application/gzip"
    assert "content-encoding" not in headers
    assert headers["content-disposition"].startswith(f'attachment; filename="{JOB}-1-')
    asked = parse_qs(urlsplit(link.url).query)
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["X-Amz-Expires"] == ["300"]


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "logs.s3.eu-west-1.amazonaws.com"),
        ("us-east-1", "logs.s3.us-east-1.amazonaws.com"),
        ("cn-north-1", "logs.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_links_name_the_regions_own_host_and_are_signed_for_it(
    monkeypatch: pytest.MonkeyPatch, region: str, host: str
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    clients = AwsClients(region=region, credentials=AwsCredentials("AK", "secret", "session"))
    parts = urlsplit(LogLinks(clients, "logs").url(f"{PREFIX}log.gz"))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", host, f"/{PREFIX}log.gz")
    asked = parse_qs(parts.query)
    assert f"/{region}/s3/aws4_request" in asked["X-Amz-Credential"][0]
    assert asked["X-Amz-Security-Token"] == ["session"]
    assert "secret" not in parts.query.replace("session", "")


def test_a_follower_gets_small_chunks_in_its_one_request_and_large_ones_by_link(
    world: World, store: S3LogStore, uploads: Uploads
) -> None:
    for _ in range(3):
        uploads.chunk(b"small\n")
    uploads.chunk(b"L" * 500)
    uploads.chunk(b"last\n")
    world.count()
    assert look(store, 0) == LogRange(0, b"small\n" * 3, 18)
    assert world.count() == {"ListObjectsV2": 1, "GetObject": 3}
    large = linked(look(store, 18))
    assert (large.begins, large.size) == (18, 500)
    assert linked(look(store, 300)).url.partition("?")[0] == large.url.partition("?")[0]
    assert "GetObject" not in world.count()
    assert look(store, 518) == LogRange(518, b"last\n", 523)
    assert look(store, 523) == LogRange(523, b"", 523)


def test_a_chunk_behind_a_gap_is_linked_with_where_it_begins(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.lose(b"lost!")
    uploads.chunk(b"L" * 500)
    assert linked(look(store, 2)).begins == 5


def test_small_chunks_that_are_not_what_their_names_say_do_not_hide_a_large_one(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.put("000000000000000-00000000-5.gz", b"no gzip at all")
    uploads.offset, uploads.sequence = 5, 1
    uploads.chunk(b"L" * 500)
    assert linked(look(store, 0)).begins == 5


def test_the_whole_log_is_one_link_once_it_is_archived(
    world: World, store: S3LogStore, uploads: Uploads
) -> None:
    for letter in b"abc":
        uploads.chunk(bytes([letter]) * 90)
    assert isinstance(look(store, 0, whole=270), LogRange)  # not there, whatever was reported
    uploads.archive()
    world.count()
    link = linked(look(store, 0, whole=270))
    assert world.count() == {"ListObjectsV2": 1}
    assert (link.archive, link.begins, link.size) == (True, 0, 270)
    assert gzip.decompress(get(link)[0]) == b"a" * 90 + b"b" * 90 + b"c" * 90
    assert isinstance(look(store, 90, whole=270), LogRange)  # who wants the end gets its chunks
    assert isinstance(look(store, 0), LogRange)  # and who knows the archive to be broken, too


def test_what_no_chunk_has_is_in_the_archive(store: S3LogStore, uploads: Uploads) -> None:
    uploads.chunk(b"a" * 90)
    uploads.lose(b"b" * 90)
    uploads.chunk(b"c" * 90)
    uploads.archive()
    link = linked(look(store, 90, whole=270))
    assert (link.archive, link.begins) == (True, 0)
    assert isinstance(look(store, 270, whole=270), LogRange)


def test_a_small_log_needs_no_link_even_when_it_is_archived(
    store: S3LogStore, uploads: Uploads
) -> None:
    uploads.chunk(b"hello\n")
    uploads.archive()
    assert look(store, 0, whole=6) == LogRange(0, b"hello\n", 6)


def test_whoever_wants_objects_gets_the_small_ones_by_link_too(
    store: S3LogStore, uploads: Uploads
) -> None:
    assert store.link(JOB, 1, 0, whole=None) is None
    uploads.chunk(b"hello\n")
    assert linked(store.link(JOB, 1, 3, whole=None)).begins == 0
    assert store.link(JOB, 1, 6, whole=None) is None
    uploads.archive()
    assert linked(store.link(JOB, 1, 0, whole=6)).archive


def test_without_links_all_comes_inline(world: World, uploads: Uploads) -> None:
    inline = a_store(world, links=False)
    assert (inline.has_links, inline.largest_read) == (False, 4 << 20)
    uploads.chunk(b"L" * 500)
    uploads.archive()
    assert inline.read_or_link(JOB, 1, 0, 1 << 20, whole=500) == LogRange(0, b"L" * 500, 500)
    assert inline.link(JOB, 1, 0, whole=500) is None


def test_beside_links_little_is_given_inline(store: S3LogStore) -> None:
    assert (store.has_links, store.largest_read) == (True, 64 << 10)
