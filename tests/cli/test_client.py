"""The client: kept connections, strange servers, and following a job through its attempts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from towline.cli.waiting import Waiting
from towline.client.connection import Connection
from towline.client.errors import (
    BadAddress,
    NotTowline,
    Refused,
    ServiceUnreachable,
    TokenRefused,
)
from towline.client.follow import follow, read_log
from towline.client.service import LogPage, Service
from towline.local.http_server import Answer as Answer413
from towline.local.http_server import Incoming, LoopbackServer

Answer = tuple[int, bytes]


class Server(ThreadingHTTPServer):
    """Answers each request with the next of ``answers``; closes each connection after it."""

    answers: list[Answer]
    seen: list[str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        status, body = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True  # without saying so, as a proxy does after a while

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.answers, made.seen = [], []
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def connection(server: Server) -> Connection:
    return Connection(f"http://127.0.0.1:{server.server_address[1]}/api/", "token")


def test_a_kept_connection_that_was_closed_is_opened_again(server: Server) -> None:
    server.answers = [(200, b'{"n": 1}'), (200, b'{"n": 2}')]
    client = connection(server)
    assert client.ask("GET", "/one") == {"n": 1}
    assert client.ask("GET", "/two") == {"n": 2}
    assert server.seen == ["/api/one", "/api/two"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, b'{"error": {"code": "x", "message": "no"}}', TokenRefused, "TOWLINE_TOKEN"),
        (403, b'{"error": {"code": "x", "message": "not this"}}', TokenRefused, "not this"),
        (404, b'{"error": {"code": "x", "message": "no job"}}', Refused, "no job"),
        (403, b'{"message": "Missing Authentication Token"}', NotTowline, "not a Towline service"),
        (200, b"<html>", NotTowline, "not a Towline service"),
        (404, b"<html>", NotTowline, "not a Towline service"),
        (502, b"<html>", ServiceUnreachable, "is in trouble"),
    ],
)
def test_every_answer_that_is_no_result_is_a_sentence(
    server: Server, status: int, body: bytes, kind: type[Exception], says: str
) -> None:
    server.answers = [(status, body)]
    with pytest.raises(kind, match=says):
        connection(server).ask("GET", "/")


class Scripted:
    """A service that plays a list of pages and a list of jobs."""

    def __init__(self, pages: list[LogPage], jobs: list[dict[str, Any]]) -> None:
        self.pages, self.jobs = pages, jobs
        self.asked: list[tuple[int, int | None]] = []

    def log(self, _job: str, offset: int, attempt: int | None = None) -> LogPage:
        self.asked.append((offset, attempt))
        return self.pages.pop(0)

    def log_pages(self, job: str, offset: int, attempt: int | None = None) -> Iterator[LogPage]:
        yield self.log(job, offset, attempt)

    def job(self, _job: str) -> dict[str, Any]:
        return self.jobs.pop(0)


def page(attempt: int, offset: int, data: bytes, *, complete: bool = False) -> LogPage:
    return LogPage(attempt, offset, data, offset + len(data), 0, complete)


def job(state: str, attempt: int, log_bytes: int | None = None) -> dict[str, Any]:
    report = None if log_bytes is None else {"log": {"bytes": log_bytes}}
    return {"state": state, "attempt": attempt, "attempts": [{"report": report}]}


def followed(service: Any, pause: Callable[[float], bool | None]) -> tuple[bytes, dict[str, Any]]:
    shown: list[bytes] = []
    done = follow(service, "j", lambda p: shown.append(p.data), pause=pause)
    return b"".join(shown), done


def test_a_follower_goes_by_offset_until_the_job_is_over() -> None:
    service = Scripted(
        [page(0, 0, b""), page(1, 0, b"one"), page(1, 3, b""), page(1, 3, b"two", complete=True)],
        [job("running", 1), job("finished", 1)],
    )
    log, done = followed(service, lambda _: None)
    assert log == b"onetwo"
    assert done["state"] == "finished"
    assert service.asked == [(0, None), (0, None), (3, 1), (3, 1)]


def test_a_follower_goes_on_with_the_next_attempt_from_its_beginning() -> None:
    service = Scripted(
        [page(1, 0, b"lost", complete=True), page(2, 0, b"again", complete=True)],
        [job("queued", 1), job("running", 2), job("finished", 2)],
    )
    log, _ = followed(service, lambda _: None)
    assert log == b"lostagain"
    assert service.asked == [(0, None), (0, 2)]


def test_hearing_of_the_end_spares_the_last_look_at_a_log_that_was_shown() -> None:
    service = Scripted([page(1, 0, b"all")], [job("finished", 1, 3)])
    assert followed(service, lambda _: True)[0] == b"all"


def test_hearing_of_the_end_too_early_loses_nothing() -> None:
    service = Scripted(
        [page(1, 0, b"some"), page(1, 4, b"more", complete=True)],
        [job("finished", 1, 8), job("finished", 1, 8)],
    )
    assert followed(service, lambda _: True)[0] == b"somemore"


def test_a_job_that_was_never_launched_has_an_end_too() -> None:
    service = Scripted([page(0, 0, b"", complete=True)], [job("finished", 0)])
    assert followed(service, lambda _: None)[0] == b""


def test_reading_goes_page_by_page_and_stays_with_its_attempt() -> None:
    service: Any = Scripted([page(2, 5, b"a"), page(2, 6, b"b"), page(2, 7, b"")], [])
    assert [p.data for p in read_log(service, "j", offset=5)] == [b"a", b"b"]
    assert service.asked == [(5, None), (6, 2), (7, 2)]


def test_waiting_says_each_news_once_and_nothing_after_the_log_began() -> None:
    said: list[str] = []

    class Ear:
        def say(self, text: str) -> None:
            said.append(text)

    given_up = {"number": 1, "cause": "image_pull", "detail": "no route"}
    states: list[dict[str, Any]] = [
        {"state": "queued", "attempts": []},
        {"state": "starting", "attempts": [given_up, {"number": 2, "cause": None}]},
        {"state": "starting", "attempts": [given_up, {"number": 2, "cause": None}]},
    ]
    now = [0.0]
    terminal: Any = Ear()
    service: Any = Scripted([], states)
    waiting = Waiting(service, "j", terminal, lambda: now[0])
    waiting.look()
    assert said == []
    for _ in range(3):
        now[0] += 2
        waiting.look()
        waiting.look()
    assert said == [
        "the job waits in the queue",
        "attempt 1 was given up (image_pull: no route); it is tried again",
        "the job's container is being started",
    ]
    waiting.log_began()
    now[0] += 10
    waiting.look()


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://a b", "http://127.0.0.1:1/\n", "http://127.0.0.1/ü", "ftp://x"]
)
def test_an_address_that_is_none_is_said_in_a_sentence(url: str) -> None:
    with pytest.raises(BadAddress, match="is not an address of a service"):
        Connection(url, "token")


@pytest.mark.parametrize("token", ["a\nb", "a b", "…", "a\udcff"])
def test_a_token_that_no_header_can_carry_is_refused_before_it_is_sent(token: str) -> None:
    with pytest.raises(TokenRefused, match="Check TOWLINE_TOKEN"):
        Connection("http://127.0.0.1:1", token)


def test_an_empty_id_is_no_other_route(server: Server) -> None:
    service = Service(f"http://127.0.0.1:{server.server_address[1]}", "token")
    for ask in (service.job, service.cancel, service.rerun, service.revoke_token):
        with pytest.raises(Refused, match="names nothing"):
            ask("")
    assert server.seen == []


def test_what_a_service_says_of_a_body_that_is_too_large_is_read() -> None:
    def refuse(request: Incoming) -> Answer413:
        request.body(100)
        raise AssertionError("the body was taken")

    refusing = LoopbackServer("127.0.0.1", 0, refuse, name="refusing")
    try:
        with pytest.raises(Refused, match="at most 100 are taken"):
            Connection(refusing.url, None).ask("POST", "/jobs", {"script": "x" * (20 << 20)})
    finally:
        refusing.close()
