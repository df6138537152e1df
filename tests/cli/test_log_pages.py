"""A log that comes partly in answers and partly by links: one sequence of pages, gaps told."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.storage_server import StorageServer, storage_server
from towline.client.errors import ServiceUnreachable
from towline.client.follow import follow, read_log
from towline.client.service import LogPage, Service
from towline.local.http_server import Answer, Incoming, LoopbackServer

Piece = tuple[int, bytes | dict[str, Any], int, bool]
"""Offset, data or link, next offset, complete."""


class Api:
    """Answers each question about the log with the next piece, and a job as it is."""

    def __init__(self, storage: StorageServer) -> None:
        self.storage = storage
        self.pieces: list[Piece] = []
        self.asked: list[tuple[int, str]] = []
        self.job: dict[str, Any] = {"state": "finished", "attempt": 1, "attempts": [{}]}
        self.server = LoopbackServer("127.0.0.1", 0, self._answer, name="api")
        self.service = Service(self.server.url, None)

    def _answer(self, request: Incoming) -> Answer:
        parts = urlsplit(request.target)
        if not parts.path.endswith("/log"):
            return Answer(200, {}, json.dumps({"job": self.job}).encode())
        query = parse_qs(parts.query)
        asked = int(query["offset"][0])
        self.asked.append((asked, query["link"][0]))
        offset, what, next_offset, complete = self.pieces.pop(0)
        body = {
            "attempt": 1,
            "offset": offset,
            "next_offset": next_offset,
            "data": base64.b64encode(what).decode() if isinstance(what, bytes) else "",
            "gap": offset - asked,
            "complete": complete,
            "link": what if isinstance(what, dict) else None,
        }
        return Answer(200, {}, json.dumps(body).encode())

    def inline(self, offset: int, data: bytes, *, complete: bool = False) -> None:
        self.pieces.append((offset, data, offset + len(data), complete))

    def link(
        self,
        offset: int,
        data: bytes,
        *,
        begins: int = -1,
        stored: bytes | None = None,
        archive: bool = False,
        complete: bool = False,
    ) -> None:
        begins = offset if begins < 0 else begins
        name = "log.gz" if archive else f"{begins}"
        body = gzip.compress(data, mtime=0) if stored is None else stored
        self.storage.objects[name] = body
        link = self.storage.link(name, begins, len(data), archive=archive)
        self.pieces.append((offset, link, begins + len(data), complete))


@pytest.fixture
def api() -> Iterator[Api]:
    with storage_server() as storage:
        made = Api(storage)
        yield made
        made.service.close()
        made.server.close()


def shown(pages: Iterator[LogPage]) -> list[tuple[int, bytes, int]]:
    return [(page.offset, page.data, page.gap) for page in pages]


def test_answers_and_links_make_one_log(api: Api) -> None:
    api.inline(0, b"small ")
    api.link(6, b"large ")
    api.inline(12, b"end", complete=True)
    api.inline(15, b"", complete=True)
    assert shown(read_log(api.service, "j")) == [
        (0, b"small ", 0),
        (6, b"large ", 0),
        (12, b"end", 0),
    ]
    assert api.asked == [(0, "any"), (6, "any"), (12, "any"), (15, "any")]


def test_a_link_may_begin_before_what_was_asked_for_or_after_a_gap(api: Api) -> None:
    api.link(4, b"0123456789", begins=0)
    assert shown(api.service.log_pages("j", 4)) == [(4, b"456789", 0)]
    api.link(20, b"later")
    assert shown(api.service.log_pages("j", 10)) == [(20, b"later", 10)]


def test_a_chunk_that_is_not_what_its_link_says_is_a_gap_in_front_of_the_next(api: Api) -> None:
    api.link(0, b"0123456789", stored=b"rubbish")
    api.inline(10, b"next")
    assert shown(api.service.log_pages("j", 0)) == [(10, b"next", 10)]
    assert api.asked == [(0, "any"), (10, "any")]
    api.link(14, b"abc", stored=b"rubbish")
    api.link(17, b"defg", stored=b"rubbish")
    api.link(23, b"good")
    assert shown(api.service.log_pages("j", 14)) == [(23, b"good", 9)]


def test_a_last_chunk_that_is_broken_ends_the_log_and_is_read_once(api: Api) -> None:
    for _ in range(2):
        api.link(0, b"0123456789", stored=b"rubbish", complete=True)
        api.inline(10, b"", complete=True)
        (page,) = api.service.log_pages("j", 0)
        assert (page.data, page.complete) == (b"", True)
    assert len(api.storage.seen) == 1


def test_a_broken_archive_is_passed_by_for_the_chunks(api: Api) -> None:
    whole = b"first second"
    broken = gzip.compress(b"first ", mtime=0) + b"rubbish"
    api.link(0, whole, stored=broken, archive=True, complete=True)
    assert shown(api.service.log_pages("j", 0)) == [(0, b"first ", 0)]
    api.link(6, whole, begins=0, stored=broken, archive=True, complete=True)
    api.inline(6, b"second", complete=True)
    assert shown(api.service.log_pages("j", 6)) == [(6, b"second", 0)]
    assert api.asked[1:] == [(6, "any"), (6, "chunk")]
    assert len(api.storage.seen) == 1


def test_only_the_last_page_of_a_link_is_complete(api: Api) -> None:
    stored = gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0)
    api.link(0, b"one two", stored=stored, archive=True, complete=True)
    pages = list(api.service.log_pages("j", 0))
    assert [(page.data, page.complete) for page in pages] == [(b"one ", False), (b"two", True)]


def test_a_follower_shows_a_link_and_goes_on_behind_it(api: Api) -> None:
    api.inline(0, b"one ")
    api.link(4, b"two ")
    api.inline(8, b"three", complete=True)
    collected: list[bytes] = []
    done = follow(api.service, "j", lambda page: collected.append(page.data), pause=lambda _: None)
    assert (b"".join(collected), done["state"]) == (b"one two three", "finished")


def test_storage_that_can_not_be_reached_is_a_sentence_and_nothing_is_skipped(api: Api) -> None:
    api.link(0, b"0123456789")
    api.storage.faults = [503] * 3
    with pytest.raises(ServiceUnreachable, match="can't read the log from"):
        list(api.service.log_pages("j", 0))
    api.link(0, b"0123456789")
    assert shown(api.service.log_pages("j", 0)) == [(0, b"0123456789", 0)]
