"""A service as a runner sees it: claim, heartbeat, report, and a place for the log.

It keeps the protocol's rules (docs/protocol.md) and nothing else of a service: it decides nothing.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_S = 60.0


@dataclass
class FakeJob:
    """One job of the fake: what a runner is to do, and what came of it."""

    script: str
    timeout_s: float = 120.0
    grace_s: float = 2.0
    user: str | None = None
    claims: list[str] = field(default_factory=list)
    """The nonces that were given the job, or refused it."""
    log: bytes = b""
    reports: list[dict[str, Any]] = field(default_factory=list)


class FakeService:
    """Listens on loopback from its creation until ``close``. Safe to use from several threads."""

    def __init__(self) -> None:
        self.jobs: dict[str, FakeJob] = {}
        self.changed = threading.Condition()
        service = self

        class Handler(_Handler):
            fake = service

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def add(self, job_id: str, job: FakeJob) -> FakeJob:
        """Have a job that a runner may claim."""
        with self.changed:
            self.jobs[job_id] = job
        return job

    def wait(self, holds: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
        """Until ``holds``, which is asked again after each request. Fails with ``what``."""
        with self.changed:
            assert self.changed.wait_for(holds, timeout_s), f"{what}: not within {timeout_s} s"

    def wait_for_log(self, job_id: str, text: bytes) -> None:
        """Until the job's log holds these bytes, which is how a script says where it is."""
        job = self.jobs[job_id]
        self.wait(lambda: text in job.log, f"the log of {job_id} shows {text!r}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeService
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one segment for each answer: two would wait for each other for 40 ms

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.fake.changed:
            if self.path.startswith("/upload/"):
                status, answer = self._upload(self.path.removeprefix("/upload/"), body)
            else:
                status, answer = self._runner(self.path, json.loads(body))
            self.fake.changed.notify_all()
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle(self) -> None:
        # A runner leaves without goodbye once its report is acknowledged.
        with contextlib.suppress(ConnectionResetError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a test's output is for its failure."""

    def _runner(self, path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        job = self.fake.jobs.get(asked["job"])
        if job is None:
            return 410, {}
        if path == "/runner/claim":
            job.claims.append(asked["nonce"])
            if asked["nonce"] != job.claims[0]:
                return 409, {}
            return 200, self._claimed(asked, job)
        if asked["lease"] != f"lease {job.claims[0]}":
            return 401, {}
        if path == "/runner/report":
            job.reports.append(asked["report"])
        return 200, {"cancel": False, "permit": None}

    def _claimed(self, asked: dict[str, Any], job: FakeJob) -> dict[str, Any]:
        prefix = f"logs/{asked['job']}/1/"
        return {
            "protocol": 1,
            "job": asked["job"],
            "attempt": 1,
            "lease": f"lease {asked['nonce']}",
            "heartbeat_s": 30,
            "work": {
                "script": base64.b64encode(job.script.encode()).decode(),
                "command": None,
                "shell": None,
                "env": {},
                "secrets": {},
                "user": job.user,
                "workdir": None,
            },
            "limits": {
                "timeout_s": job.timeout_s,
                "silence_timeout_s": None,
                "grace_s": job.grace_s,
                "log_limit_bytes": 1 << 20,
                "flush_s": 0.1,
                "drain_s": 0.5,
            },
            "permit": {
                "url": f"{self.fake.url}/upload/{asked['job']}",
                "fields": {"key": prefix + "${filename}"},
                "prefix": prefix,
                "max_bytes": 1 << 24,
                "expires_in_s": 3600,
            },
            "cancel": False,
        }

    def _upload(self, job_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Keeps what the chunks say, in the order of their arrival."""
        boundary = self.headers["Content-Type"].rpartition("boundary=")[2].strip('"').encode()
        parts = body.split(b"--" + boundary)
        file = next(part for part in parts if b'name="file"' in part)
        head, _, content = file.partition(b"\r\n\r\n")
        if b"log.gz" not in head and not any(b"log.gz\r\n" in part for part in parts):
            self.fake.jobs[job_id].log += gzip.decompress(content.removesuffix(b"\r\n"))
        return 204, {}
