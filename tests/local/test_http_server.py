"""The small HTTP server: limits, kept connections, and an end that leaves nothing."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from towline.local.http_server import Answer, Incoming, LoopbackServer


def length(request: Incoming) -> Answer:
    if request.target == "/unread":
        return Answer(200, body=b"did not look")
    return Answer(200, body=str(len(request.body(1000))).encode())


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    made = LoopbackServer("127.0.0.1", 0, length, name="test-server")
    yield made
    made.close()


def ask(server: LoopbackServer, *requests: tuple[str, bytes]) -> list[tuple[int, bytes]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    answers = []
    for target, body in requests:
        connection.request("POST", target, body)
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    connection.close()
    return answers


def test_a_connection_is_kept_for_the_next_request(server: LoopbackServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        stream = connection.makefile("rb")
        for body in (b"abc", b""):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body)
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            assert stream.readline() == b"Content-Length: 1\r\n"
            assert stream.readline() == b"\r\n"
            assert int(stream.read(1)) == len(body)


def test_a_body_that_was_not_read_is_never_taken_for_the_next_request(
    server: LoopbackServer,
) -> None:
    smuggled = b"POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
        connection.sendall(head + smuggled)
        everything = b"".join(iter(lambda: connection.recv(4096), b""))
    assert everything.count(b"HTTP/1.1 ") == 1


def test_a_body_that_is_too_large_is_refused_unread(server: LoopbackServer) -> None:
    ((status, body),) = ask(server, ("/", b"x" * 1001))
    assert status == 413
    assert b"at most 1000 are taken" in body


@pytest.mark.parametrize("header", ["Content-Length: -1", "Transfer-Encoding: chunked"])
def test_a_body_without_a_plain_length_is_refused(server: LoopbackServer, header: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 411 ")


def test_closing_ends_kept_connections_and_frees_the_port() -> None:
    server = LoopbackServer("127.0.0.1", 0, length, name="closing")
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert connection.recv(4096)
        server.close()
        server.close()
        assert connection.recv(4096) == b""
    assert not any(thread.name == "closing" for thread in threading.enumerate())
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(OSError, match="in use"):
            LoopbackServer("127.0.0.1", holder.getsockname()[1], length, name="test")
