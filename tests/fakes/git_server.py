"""A real git server over HTTP: ``git http-backend`` behind a small web server, with a guard.

What git asks for goes through git's own server program, so it is as strict as a real one.
"""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from urllib.parse import urlsplit

from tests.fakes.lfs_server import LargeFiles
from tests.fakes.listening import listening

PATIENCE_S = 60.0


class Hang:
    """An answer that does not come until ``release`` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()


class GitServer(ThreadingHTTPServer):
    """Serves the bare repositories in ``root``. Everything that was asked for is kept."""

    daemon_threads = True

    def __init__(self, root: Path, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Handler)
        self.host = host
        self.root = root
        self.scheme = "http"
        self.token: str | None = None
        """When set, requests without it are answered 401."""
        self.open_to_all: set[str] = set()
        """Names of repositories that need no token."""
        self.single_commits = True
        """False: an old server that gives only what a ref points to."""
        self.troubles: deque[int | Hang] = deque()
        """The next requests get these instead of an answer."""
        self.moved: dict[str, str] = {}
        """Path's beginning -> the address that a redirect leads to."""
        self.given: dict[str, tuple[str, bytes]] = {}
        """Path -> type and content of an answer that is not git's."""
        self.large: LargeFiles | None = None
        """Where its large files are (git-lfs)."""
        self.asked = threading.Condition()
        self.requests: list[tuple[str, str | None]] = []
        """Path with query, and what was shown as Authorization."""

    def url(self, name: str) -> str:
        return f"{self.scheme}://{self.host}:{self.server_port}/{name}"

    def shown(self, name: str) -> set[str | None]:
        """What was shown as Authorization for this repository."""
        return {shown for path, shown in self.requests if path.startswith(f"/{name}/")}

    def wait_until_asked(self) -> None:
        with self.asked:
            assert self.asked.wait_for(lambda: self.requests, PATIENCE_S), "nobody asked"

    def secured(self, public: Path, private: Path) -> None:
        """Speak TLS from now on, with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(public, private)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.scheme = "https"

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was given up."""


@contextmanager
def git_server(root: Path, host: str = "127.0.0.1") -> Iterator[GitServer]:
    """Listening, and gone afterwards."""
    with listening(GitServer(root, host)) as server:
        yield server


def basic(token: str, user: str = "x-access-token") -> str:
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def http_backend(
    root: Path,
    method: str,
    target: str,
    headers: Message,
    body: bytes,
    single_commits: bool = True,
) -> tuple[int, list[tuple[str, str]], bytes]:
    """What the CGI program of git answers (RFC 3875): status, headers, content."""
    parts = urlsplit(target)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "REQUEST_METHOD": method,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": headers.get("Content-Type") or "",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding") or "",
    }
    # Protocol 2 gives any commit that is there; the older ones only tips, unless told so.
    if single_commits:
        environment["GIT_PROTOCOL"] = headers.get("Git-Protocol") or ""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "http-backend"],
        input=body,
        env=environment,
        capture_output=True,
        check=False,
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode().splitlines()]
    found = [(name, value) for name, _, value in lines if name != "Status"]
    status = next((value for name, _, value in lines if name == "Status"), "200")
    return int(status.split()[0]), found, content


def read_body(stream: BufferedIOBase, headers: Message) -> bytes:
    """The body of a request, which git sends in chunks when it is long."""
    if headers.get("Transfer-Encoding") != "chunked":
        return stream.read(int(headers.get("Content-Length") or 0))
    whole = b""
    while size := int(stream.readline(), 16):
        whole += stream.read(size)
        stream.readline()
    stream.readline()
    return whole


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(read_body(self.rfile, self.headers))

    def _answer(self, body: bytes) -> None:
        server, shown = self.server, self.headers.get("Authorization")
        with server.asked:
            server.requests.append((self.path, shown))
            server.asked.notify_all()
            trouble = server.troubles.popleft() if server.troubles else None
        if isinstance(trouble, Hang):
            trouble.release.wait(PATIENCE_S)
            self.close_connection = True
            return
        if trouble is not None:
            self._send(trouble, [], b"as told")
            return
        for beginning, address in server.moved.items():
            if self.path.startswith(beginning):
                self._send(301, [("Location", address + self.path.removeprefix(beginning))], b"")
                return
        name = self.path.split("/")[1].removesuffix(".git")
        if server.token and name not in server.open_to_all and shown != basic(server.token):
            self._send(401, [("WWW-Authenticate", 'Basic realm="git"')], b"no token")
            return
        if server.large is not None and self.path.endswith("/info/lfs/objects/batch"):
            self._send(*server.large.batch(self.headers, body))
            return
        if self.path in server.given:
            kind, content = server.given[self.path]
            self._send(200, [("Content-Type", kind)], content)
            return
        self._send(*self._served(body))

    def _served(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        server = self.server
        return http_backend(
            server.root, self.command, self.path, self.headers, body, server.single_commits
        )

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
