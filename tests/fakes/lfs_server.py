"""A server for large files, as the batch API of git-lfs wants it: beside a git server, with a
storage of its own at another address, as the large hosts have it.

https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes.listening import listening

KIND = "application/vnd.git-lfs+json"
GRANT = "X-Grant"
"""The header with which the storage lets somebody in, whom the batch API has told it."""
Answer = tuple[int, list[tuple[str, str]], bytes]


class LargeFiles(ThreadingHTTPServer):
    """The storage. ``GitServer.large`` is one; the git server then answers ``batch`` by it. At
    its own address it answers it, too."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        """By digest; what is stored may be something else."""
        self.asked: list[dict[str, object]] = []
        """Bodies of the batch requests."""
        self.shown: list[str | None] = []
        """What this server was shown as Authorization."""

    def pointer(self, content: bytes) -> str:
        """Keep a file; the text that stands for it in a commit."""
        digest = hashlib.sha256(content).hexdigest()
        self.objects[digest] = content
        return (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{digest}\nsize {len(content)}\n"
        )

    def batch(self, headers: Message, body: bytes) -> Answer:
        """The answer to ``POST …/info/lfs/objects/batch``, for whoever may read the repository."""
        if headers.get("Accept", "").partition(";")[0] != KIND:
            return 406, [], b""
        asked = json.loads(body)
        self.asked.append(asked)
        found = [self._told(each["oid"], each["size"]) for each in asked["objects"]]
        content = json.dumps({"transfer": "basic", "objects": found}).encode()
        return 200, [("Content-Type", KIND)], content

    def _told(self, oid: str, size: int) -> dict[str, object]:
        if oid not in self.objects:
            return {"oid": oid, "size": size, "error": {"code": 404, "message": "Not here"}}
        href = f"http://127.0.0.1:{self.server_port}/{oid}"
        action = {"href": href, "header": {GRANT: oid[:8]}, "expires_in": 3600}
        return {"oid": oid, "size": size, "actions": {"download": action}}

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was given up."""


@contextmanager
def large_files() -> Iterator[LargeFiles]:
    """Listening, and gone afterwards."""
    with listening(LargeFiles()) as server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LargeFiles

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_POST(self) -> None:
        self.server.shown.append(self.headers.get("Authorization"))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(*self.server.batch(self.headers, body))

    def do_GET(self) -> None:
        self.server.shown.append(self.headers.get("Authorization"))
        oid = self.path.removeprefix("/")
        granted = self.headers.get(GRANT) == oid[:8]
        content = self.server.objects.get(oid, b"") if granted else b"not for you"
        self._send(200 if granted else 403, [], content)

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
