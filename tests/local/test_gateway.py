"""Requests that overlap: each sees its own body, headers and path, and gets its own answer."""

from __future__ import annotations

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chalice.app import Chalice

from towline.local import gateway as gateway_module
from towline.local.gateway import Gateway
from towline.local.http_server import Answer, Incoming, LoopbackServer

AT_ONCE = 50


def make_app(meeting: threading.Barrier) -> Chalice:
    """A route that looks at its request only when all of them have come in."""
    app = Chalice(app_name="echo", configure_logs=False)

    @app.route("/echo/{word}", methods=["POST"])
    def echo(word: str) -> dict[str, Any]:
        meeting.wait(20)
        request = app.current_request
        assert request is not None
        seen = {"word": word, "body": request.json_body, "token": request.headers["authorization"]}
        meeting.wait(20)
        return seen

    return app


def overlap(app: Chalice) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What each of fifty requests sent, and what it was answered."""
    served = Gateway(app)

    def exchange(request: Incoming) -> Answer:
        headers = dict(request.headers.items())
        body = bytes(request.body(1 << 20))
        return served.handle(request.method, request.target, headers, body, request.client_ip)

    server = LoopbackServer("127.0.0.1", 0, exchange, name="test")

    def ask(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        sent = {"word": f"w{number}", "body": {"n": number}, "token": f"Bearer {number}"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {number}"}
        connection.request("POST", f"/echo/w{number}", json.dumps({"n": number}), headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return sent, answer

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(ask, range(AT_ONCE)))
    finally:
        server.close()


def test_fifty_overlapping_requests_never_see_each_others_body_or_token() -> None:
    pairs = overlap(make_app(threading.Barrier(AT_ONCE)))
    assert all(sent == answer for sent, answer in pairs)


def test_without_a_request_for_each_thread_they_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the test above can fail: Chalice as it comes keeps one current request."""
    monkeypatch.setattr(gateway_module, "make_thread_safe", lambda app: None)
    pairs = overlap(make_app(threading.Barrier(AT_ONCE)))
    assert any(sent != answer for sent, answer in pairs)


@pytest.fixture
def served() -> Gateway:
    app = Chalice(app_name="small", configure_logs=False)

    @app.route("/things/{name}", methods=["GET"])
    def thing(name: str) -> dict[str, Any]:
        assert app.current_request is not None
        query = app.current_request.query_params
        return {"name": name, "query": dict(query) if query else None}

    @app.route("/things/new", methods=["GET"])
    def new() -> dict[str, Any]:
        return {"new": True}

    return Gateway(app)


def test_paths_are_matched_as_api_gateway_does(served: Gateway) -> None:
    def get(target: str) -> Any:
        answer = served.handle("GET", target, {}, b"", "127.0.0.1")
        return answer.status, json.loads(answer.body)

    assert get("/things/a%20b%2Fc?x=1&x=2") == (200, {"name": "a b/c", "query": {"x": "2"}})
    assert get("/things/a/") == (200, {"name": "a", "query": None})
    assert get("/things/new") == (200, {"new": True})
    status, body = get("/nothing/here")
    assert status == 404
    assert body["error"]["code"] == "unknown_route"
