"""The HTTP side: AWS's query protocol on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.fakes.cloudformation_server import query_protocol
from tests.fakes.cloudformation_server.errors import CloudFormationError
from tests.fakes.cloudformation_server.operations import Operations
from tests.fakes.cloudformation_server.stacks import Failure, FakeStack, Provision

Output = Callable[[FakeStack, str, Any], str]
"""The stack, an output's name and its declared value -> the value."""


def _no_url(url: str) -> str:
    raise CloudFormationError("ValidationError", f"S3 error: {url} can't be read")


class CloudFormationServer:
    """A context manager. ``endpoint`` is its address; ``operations`` what a test scripts."""

    def __init__(
        self,
        *,
        provision: Provision = lambda logical_id, _type, _properties: f"physical-{logical_id}",
        read_url: Callable[[str], str] = _no_url,
        output: Callable[[FakeStack, str, Any], str] = lambda stack, name, _: (
            f"{stack.name}.{name}"
        ),
        now: Callable[[], datetime] = lambda: datetime(2026, 11, 1, 12, tzinfo=UTC),
    ) -> None:
        self.operations = Operations(provision=provision, read_url=read_url, output=output, now=now)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """Every request, with its parameters."""
        self.refusals: dict[str, list[CloudFormationError | None]] = {}
        """Operation -> what the next calls are refused with; None: not this one."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fail_next(self, *failures: Failure) -> None:
        self.operations.failures += failures

    def refuse(self, operation: str, code: str, message: str, *, after: int = 0) -> None:
        """Refuse the call of this operation that comes after so many others."""
        error = CloudFormationError(code, message, status=403)
        self.refusals.setdefault(operation, []).extend([*[None] * after, error])

    def stack(self, name: str) -> FakeStack | None:
        return self.operations.stack(name)

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.asked)

    def answer(self, asked: dict[str, Any]) -> bytes:
        operation = asked.pop("Action")
        asked.pop("Version", None)
        self.asked.append((operation, asked))
        refusal = self.refusals[operation].pop(0) if self.refusals.get(operation) else None
        if refusal is not None:
            raise refusal
        return query_protocol.answer(operation, self.operations.carry_out(operation, asked))


def _handler(server: CloudFormationServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
                    raise CloudFormationError("MissingAuthenticationToken", "no signature")
                self._send(200, server.answer(query_protocol.fields_of(body)))
            except CloudFormationError as refused:
                self._send(refused.status, query_protocol.refusal(refused.code, refused.message))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Requests are in ``CloudFormationServer.asked``."""

    return Handler
