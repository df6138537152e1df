"""What listens: HTTP, or HTTPS with a certificate of its own, for all that the fake answers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.fakes.git_server import read_body


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes


Answer = Callable[[str, str, Message, bytes], Reply | None]
"""Method, target, headers, body; None for a connection that is closed without an answer."""


class Listener:
    """Serves from ``start`` to ``close``; the port is known before. ``certificate``: its file and
    its key's, for HTTPS."""

    def __init__(self, host: str, certificate: tuple[Path, Path] | None, answer: Answer) -> None:
        self._http = _Server((host, 0), _handler(answer))
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://{host}:{self._http.server_port}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was given up."""


def _handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            body = read_body(self.rfile, self.headers)
            reply = answer(self.command, self.path, self.headers, body)
            if reply is None:
                self.close_connection = True
                return
            try:
                self._send(reply)
            except OSError:
                # Whoever asked has gone away.
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """The records tell more."""

    return Handler
