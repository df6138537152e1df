"""Stands for S3 over HTTP: objects by path, and what may go wrong on the way to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.listening import listening


class StorageServer(ThreadingHTTPServer):
    """``objects`` by path. ``faults`` are taken one a request: a status, or ``cut`` after so many
    bytes, or ``drop`` without an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.faults: list[int | tuple[str, int]] = []
        self.seen: list[str] = []
        self.headers_seen: list[dict[str, str]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def link(self, path: str, begins: int, size: int, *, archive: bool = False) -> dict[str, Any]:
        return {
            "url": f"{self.url}/{path}?X-Amz-Signature=1",
            "archive": archive,
            "begins": begins,
            "size": size,
            "expires_in_s": 300,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StorageServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        server = self.server
        server.seen.append(self.path)
        server.headers_seen.append(dict(self.headers))
        body = server.objects.get(self.path.partition("?")[0].lstrip("/"))
        fault = server.faults.pop(0) if server.faults else 0
        if isinstance(fault, int) and (fault or body is None):
            self.send_response(fault or 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = body or b""
        kept = len(body)
        if isinstance(fault, tuple):
            kind, kept = fault
            self.close_connection = True
            if kind == "drop":
                return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:kept])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Quiet."""


@contextmanager
def storage_server() -> Iterator[StorageServer]:
    with listening(StorageServer()) as server:
        yield server
