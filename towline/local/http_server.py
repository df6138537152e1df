"""A small HTTP server for loopback: keep-alive, one thread for each connection, small answers."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO

LAST_WORDS_S = 5.0
"""How long a request under way may take when the server is closed."""
IDLE_TIMEOUT_S = 75.0
"""A connection that says nothing for so long is closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def error_answer(status: int, code: str, message: str) -> Answer:
    """An error in the service's own shape."""
    body = json.dumps({"error": {"code": code, "message": message, "field": None}}).encode()
    return Answer(status, {"Content-Type": "application/json"}, body)


class BodyTooLarge(Exception):  # noqa: N818 - an answer (413), not a fault
    """The request announces more bytes than are taken here."""


@dataclass(slots=True)
class Incoming:
    """One request; its body is read when it is asked for."""

    method: str
    target: str
    headers: Message
    client_ip: str
    length: int
    _stream: BinaryIO
    _left: int = -1

    def body(self, limit: int) -> bytearray:
        """The whole body. Raises ``BodyTooLarge`` above ``limit`` bytes, ``EOFError`` if cut."""
        if self.length > limit:
            raise BodyTooLarge(f"the body has {self.length} bytes, at most {limit} are taken")
        data = bytearray(self.length)
        view = memoryview(data)
        self._left = self.length
        while self._left:
            got = self._stream.readinto(view[-self._left :])  # type: ignore[attr-defined]
            if not got:
                raise EOFError("the body was cut short")
            self._left -= got
        return data

    @property
    def unread(self) -> bool:
        """True when the connection can't be used again."""
        return self.length > 0 and self._left != 0


Exchange = Callable[[Incoming], Answer]


class LoopbackServer:
    """Serves ``exchange`` on one address. Raises ``OSError`` when the address is taken."""

    def __init__(self, host: str, port: int, exchange: Exchange, *, name: str) -> None:
        self._server = _Server((host, port), exchange)
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name=name, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def close(self) -> None:
        """Stop listening and end every connection. May be repeated."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server.end_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], exchange: Exchange) -> None:
        self.exchange = exchange
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's: it asks the resolver for the host's full name, which may take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in mid-request is no news."""

    def end_connections(self) -> None:
        with self._lock:
            left = dict(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in left.values():
            thread.join(LAST_WORDS_S)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "towline"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for headers and body
    timeout = IDLE_TIMEOUT_S
    server: _Server

    def handle_exchange(self) -> None:
        announced = self.headers.get("Content-Length", "0")
        if not announced.isdigit() or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(error_answer(411, "length_required", "a body needs a Content-Length"))
            return
        incoming = Incoming(
            self.command,
            self.path,
            self.headers,
            self.client_address[0],
            int(announced),
            self.rfile,  # type: ignore[arg-type]
        )
        try:
            answer = self.server.exchange(incoming)
        except BodyTooLarge as error:
            answer = error_answer(413, "too_large", f"{error}.")
        except EOFError:
            self.close_connection = True
            return
        if incoming.unread:
            self.close_connection = True
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = ""
        self.send_response_only(answer.status, phrase)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """No access log: the service logs what matters."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.handle_exchange)
