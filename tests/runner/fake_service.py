"""A service for one runner: real HTTP, the protocol's routes and S3's form post, trouble on
command."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_S = 60.0
CHUNK_NAME = re.compile(r"(\d{15})-(\d{8})-(\d+)\.gz")


class Hang:
    """An answer that does not come until ``release`` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()


DROP = "drop the connection"
LOSE = "do the work, then drop the connection"
Trouble = int | str | Hang


class FakeService(ThreadingHTTPServer):
    """``work`` and ``limits`` go into the claim's reply. Everything that came in is kept."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "http"
        self.work: dict[str, Any] = {
            "script": None,
            "command": None,
            "shell": None,
            "env": {},
            "secrets": {},
            "user": None,
            "workdir": None,
        }
        self.limits: dict[str, Any] = {
            "timeout_s": 600,
            "silence_timeout_s": None,
            "grace_s": 20,
            "log_limit_bytes": 1 << 30,
            "flush_s": 0.2,
            "drain_s": 2.0,
        }
        self.heartbeat_s = 600.0
        self.max_bytes = 1 << 30
        self.cancel_at_claim = False
        self.heartbeat_reply: dict[str, Any] = {"cancel": False, "permit": None}
        self.troubles: dict[str, deque[Trouble]] = {}
        self.refuse_uploads_with: int | None = None
        self.keep_objects = True
        self.changed = threading.Condition()
        self.requests: list[tuple[str, Any]] = []
        self.connections: set[Any] = set()
        self.accepted = 0
        self.objects: dict[str, bytes] = {}
        self.upload_fields: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def script(self, text: str | bytes, **work: Any) -> None:
        """Give this script (and other fields of ``work``) to the runner that claims."""
        data = text.encode() if isinstance(text, str) else text
        self.work |= {"script": base64.b64encode(data).decode(), **work}

    def permit(self, mark: str = "first") -> dict[str, Any]:
        return {
            "url": f"{self.url}/bucket",
            "fields": {"key": "logs/j/1/${filename}", "policy": mark},
            "prefix": "logs/j/1/",
            "max_bytes": self.max_bytes,
            "expires_in_s": 3600,
        }

    def trouble(self, route: str, *troubles: Trouble) -> None:
        """The next answers of a route (claim, heartbeat, report, bucket) are these."""
        self.troubles.setdefault(route, deque()).extend(troubles)

    def bodies(self, route: str) -> list[Any]:
        """What was sent to a route so far."""
        with self.changed:
            return [body for name, body in self.requests if name == route]

    def wait_for(self, what: Callable[[], object]) -> None:
        """Until ``what`` holds; it is looked at after every request."""
        with self.changed:
            assert self.changed.wait_for(what, PATIENCE_S), "it never happened"

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.changed:
            self.accepted += 1
            self.changed.notify_all()
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke; who broke it says so where it matters."""

    def wait_for_connections(self, count: int) -> None:
        """Until so many connections were opened, whatever came of them."""
        self.wait_for(lambda: self.accepted >= count)

    @property
    def report(self) -> dict[str, Any]:
        reports = self.bodies("report")
        assert reports, "no report came"
        report: dict[str, Any] = reports[-1]["report"]
        return report

    def chunk_names(self) -> list[str]:
        return sorted(name for name in self.objects if CHUNK_NAME.fullmatch(name))

    @property
    def log(self) -> bytes:
        """The log as a follower puts it together, checking that the chunks join."""
        whole = b""
        for expected, name in enumerate(self.chunk_names()):
            found = CHUNK_NAME.fullmatch(name)
            assert found is not None
            offset, sequence, size = map(int, found.groups())
            data = gzip.decompress(self.objects[name])
            assert (offset, sequence, size) == (len(whole), expected, len(data)), name
            whole += data
        return whole

    def claim_reply(self) -> dict[str, Any]:
        return {
            "protocol": 1,
            "job": "j",
            "attempt": 1,
            "lease": "the-lease",
            "heartbeat_s": self.heartbeat_s,
            "work": self.work,
            "limits": self.limits,
            "permit": self.permit(),
            "cancel": self.cancel_at_claim,
        }

    def answer(self, route: str) -> tuple[int, dict[str, Any]]:
        if route == "claim":
            return 200, self.claim_reply()
        if route == "heartbeat":
            return 200, self.heartbeat_reply
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeService

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        route = self.path.rpartition("/")[2]
        trouble = self._next_trouble(route)
        if isinstance(trouble, Hang):
            trouble.release.wait(PATIENCE_S)
            trouble = DROP
        if trouble == DROP:
            self.close_connection = True
            return
        if isinstance(trouble, int):
            self._keep(route, json.loads(body) if route != "bucket" else trouble)
            self._send(trouble, {"error": "as told"})
            return
        status, reply = self._do(route, body)
        if trouble == LOSE:
            self.close_connection = True
            return
        self._send(status, reply)

    def _next_trouble(self, route: str) -> Trouble | None:
        with self.server.changed:
            self.server.connections.add(self.client_address)
            waiting = self.server.troubles.get(route)
            if waiting:
                self.server.changed.notify_all()
                return waiting.popleft()
            if route == "bucket":
                return self.server.refuse_uploads_with
            return None

    def _do(self, route: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if route == "bucket":
            self._upload(body)
            return 204, {}
        asked = json.loads(body)
        reply = self.server.answer(route)
        self._keep(route, asked)
        return reply

    def _upload(self, body: bytes) -> None:
        boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
        assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
        fields: dict[str, str] = {}
        head, mark, rest = b"", b"\r\n\r\n", body
        while True:
            head, _, rest = rest.partition(mark)
            name = re.search(rb'name="([^"]*)"', head)
            assert name is not None
            if name.group(1) == b"file":
                break
            value, _, rest = rest.partition(b"\r\n--" + boundary)
            fields[name.group(1).decode()] = value.decode()
        file = re.search(rb'filename="([^"]*)"', head)
        assert file is not None
        data = rest[: -len(boundary) - 8]
        with self.server.changed:
            self.server.upload_fields.append(fields)
            self.server.objects[file.group(1).decode()] = data if self.server.keep_objects else b""
            self.server.requests.append(("bucket", time.monotonic()))
            self.server.changed.notify_all()

    def _keep(self, route: str, body: Any) -> None:
        with self.server.changed:
            self.server.requests.append((route, body))
            self.server.changed.notify_all()

    def _send(self, status: int, reply: dict[str, Any]) -> None:
        data = b"" if status == 204 else json.dumps(reply).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
