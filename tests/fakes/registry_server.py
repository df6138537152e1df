"""An image registry over HTTP that enforces its rules: tokens by scope, passwords, redirects.

A real one (ci/registry.sh) knows passwords but has no token service, as the large ones have.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    path: str
    headers: Mapping[str, str]


@dataclass
class RegistryServer:
    """A context manager; ``address`` is host and port.

    ``auth``: '' for all, 'token' for the large registries' way, 'basic' for the small ones'. With
    ``login`` only this user gets tokens for its repositories; others get one that opens nothing.
    """

    auth: str = ""
    login: tuple[str, str] | None = None
    blobs_at: str | None = None
    """Blobs are redirected to this address, as to a content network."""
    odd: dict[str, Answer] = field(default_factory=dict)
    """Paths that are answered with this instead."""
    hold: threading.Event | None = None
    """Answers wait for it."""
    asked: list[Asked] = field(default_factory=list)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.hold is not None:
            self.hold.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    def push(self, name: str, arch: str = "amd64", system: str = "linux") -> str:
        """One image, which says its platform in its configuration; its digest."""
        config = json.dumps({"os": system, "architecture": arch}).encode()
        digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
        self.blobs[digest] = config
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest, "size": len(config)},
            "layers": [],
        }
        return self.put(name, MANIFEST, manifest)

    def push_index(self, name: str, *platforms: str) -> str:
        """An index of images by platform, such as linux/amd64."""
        entries = []
        for platform in platforms:
            system, arch = platform.split("/")
            about = {"os": system, "architecture": arch}
            entries.append({"digest": "sha256:" + "0" * 64, "size": 1, "platform": about})
        return self.put(name, INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})

    def put(self, name: str, media_type: str, manifest: Mapping[str, Any]) -> str:
        """Any manifest, by tag and by digest."""
        body = json.dumps(manifest).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        repository, _, tag = name.rpartition(":")
        for version in (tag, digest):
            self.manifests[f"/v2/{repository}/manifests/{version}"] = (media_type, body)
        return digest

    def answer(self, path: str, query: dict[str, list[str]], headers: Mapping[str, str]) -> Answer:
        if path in self.odd:
            return self.odd[path]
        shown = headers.get("Authorization", "")
        if path == "/token":
            return self._token(query, shown)
        repository = path.removeprefix("/v2/").rpartition("/")[0].rpartition("/")[0]
        if not self._open(repository, shown):
            return self._refusal(repository)
        if path in self.manifests:
            media_type, body = self.manifests[path]
            if media_type not in headers.get("Accept", ""):
                return _error(404, "MANIFEST_UNKNOWN", "manifest unknown in the accepted forms")
            return 200, {"Content-Type": media_type}, body
        digest = path.rpartition("/")[2]
        if "/blobs/" in path and digest in self.blobs:
            if self.blobs_at is not None:
                return 307, {"Location": f"{self.blobs_at}/{digest}"}, b""
            return 200, {}, self.blobs[digest]
        known = any(p.startswith(f"/v2/{repository}/") for p in self.manifests)
        code = "MANIFEST_UNKNOWN" if known else "NAME_UNKNOWN"
        return _error(404, code, code.lower().replace("_", " "))

    def _open(self, repository: str, shown: str) -> bool:
        if self.auth == "basic":
            return shown == self._basic()
        scope = self.tokens.get(shown.removeprefix("Bearer "))
        return not self.auth or scope == f"repository:{repository}:pull"

    def _refusal(self, repository: str) -> Answer:
        wanted = 'Basic realm="test"'
        if self.auth == "token":
            wanted = (
                f'Bearer realm="http://{self.address}/token",service="test",'
                f'scope="repository:{repository}:pull"'
            )
        refused = _error(401, "UNAUTHORIZED", "authentication required")
        return refused[0], {"WWW-Authenticate": wanted}, refused[2]

    def _token(self, query: dict[str, list[str]], shown: str) -> Answer:
        if shown and shown != self._basic():
            return _error(401, "UNAUTHORIZED", "incorrect username or password")
        token = secrets.token_hex(8)
        allowed = self.login is None or shown == self._basic()
        self.tokens[token] = query["scope"][0] if allowed and query["service"] == ["test"] else ""
        return 200, {}, json.dumps({"token": token}).encode()

    def _basic(self) -> str:
        pair = ":".join(self.login or ("", ""))
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _error(status: int, code: str, message: str) -> Answer:
    return status, {}, json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def _handler(server: RegistryServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(Asked(self.path, dict(self.headers.items())))
            if server.hold is not None:
                server.hold.wait(60)
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            status, headers, body = server.answer(parts.path, query, dict(self.headers))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Requests are in ``RegistryServer.asked``."""

    return Handler
