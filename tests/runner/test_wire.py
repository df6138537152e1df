"""The HTTP client against a server that says exactly what a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from towline_runner.wire import Address, Connection, Interrupted, Unreachable

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Scripted:
    """Each connection gets its list of raw answers, one per request, and is then closed."""

    def __init__(self, *connections: list[bytes]) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)  # so that a client that never comes is a failure, not a hang
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=(connections,))
        self._thread.start()

    def _serve(self, connections: tuple[list[bytes], ...]) -> None:
        for answers in connections:
            try:
                opened, _ = self._listener.accept()
            except TimeoutError:
                return
            with opened:
                for answer in answers:
                    self.requests.append(self._read(opened))
                    opened.sendall(answer)

    @staticmethod
    def _read(opened: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += opened.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < size:
            body += opened.recv(65536)
        return body

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


Serve = Callable[..., Scripted]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that is gone afterwards."""
    started: list[Scripted] = []

    def begin(*connections: list[bytes]) -> Scripted:
        started.append(Scripted(*connections))
        return started[-1]

    yield begin
    for server in started:
        server.close()


def ask(connection: Connection, body: bytes = b"{}") -> tuple[int, bytes]:
    answer = connection.exchange("/x", "application/json", len(body), lambda: [body], 20.0)
    return answer.status, answer.body


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (OK, 200, b"hi"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"hi"),
        (
            CHUNKED + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n",
            200,
            b"abcdefg",
        ),
        (b"HTTP/1.0 404 Not Found\r\n\r\nuntil the end", 404, b"until the end"),
        (b"HTTP/1.1 204\r\n\r\n", 204, b""),
        (b"HTTP/1.1 500 \nContent-Length:1\n\nx", 500, b"x"),
    ],
)
def test_every_way_to_frame_an_answer_is_understood(
    serve: Serve, raw: bytes, status: int, body: bytes
) -> None:
    connection = Connection(Address(serve([raw]).url))
    assert ask(connection) == (status, body)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        CHUNKED + b"zz\r\n",
    ],
)
def test_half_an_answer_or_none_is_no_answer(serve: Serve, raw: bytes) -> None:
    with pytest.raises(Unreachable):
        ask(Connection(Address(serve([raw]).url)))


def test_a_connection_is_kept_and_opened_anew_when_the_other_side_has_closed_it(
    serve: Serve,
) -> None:
    server = serve([OK, OK], [OK])
    connection = Connection(Address(server.url))
    assert [ask(connection, body) for body in (b"1", b"2", b"3")] == [(200, b"hi")] * 3
    assert server.requests == [b"1", b"2", b"3"]


def test_a_first_connection_that_is_closed_without_an_answer_is_not_silently_repeated(
    serve: Serve,
) -> None:
    server = serve([b""])
    with pytest.raises(Unreachable):
        ask(Connection(Address(server.url)))
    assert len(server.requests) == 1


def test_a_refusal_before_the_body_was_read_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            opened, _ = listener.accept()
            with opened:
                opened.recv(1000)
                opened.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
                opened.shutdown(socket.SHUT_WR)
                while opened.recv(1 << 20):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        connection = Connection(Address(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        assert ask(connection, bytes(20_000_000)) == (413, b"")
        connection.close()
        thread.join()


def test_nobody_there_is_said_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}"):
        ask(Connection(Address(f"http://127.0.0.1:{port}")))


def test_waiting_for_an_answer_can_be_interrupted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(Address(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        connection.send("/x", "text/plain", 1, [b"x"], 20.0)
        with pytest.raises(Interrupted):
            connection.receive(lambda: True)
        connection.close()


def test_no_answer_in_time_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(Address(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        with pytest.raises(Unreachable):
            connection.exchange("/x", "text/plain", 1, lambda: [b"x"], 0.05)
