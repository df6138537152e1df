"""The HTTP side: the API below ``/api/v3``, as an Enterprise Server has it; elsewhere git."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.fakes.github_server.access import Denied
from tests.fakes.github_server.calls import Asked, Calls, Said
from tests.fakes.github_server.description import Description, Operation, Wrong
from tests.fakes.github_server.faults import Fault
from tests.fakes.github_server.git import git_reply, password
from tests.fakes.github_server.over_http import Listener, Reply
from tests.fakes.github_server.world import World

BASE = "/api/v3"


@dataclass(frozen=True, slots=True)
class Record:
    """One request that came, and what was answered."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """By lower-case name."""
    body: Any
    status: int


@dataclass
class GitHubServer:
    """A context manager. ``url`` is what a user would configure: the server's address.

    ``world`` is what it holds, ``records`` what it was asked, ``faults`` what goes wrong next.
    ``wrong`` collects requests that GitHub's description does not allow: a test that is about the
    client ends with ``assert not server.wrong``. ``host`` other than loopback and ``certificate``
    (its file, and its key's) are for containers, which reach this machine by another address.
    """

    description: Description | None = None
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    app: tuple[str, str] | None = None
    faults: list[Fault] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    host: str = "127.0.0.1"
    certificate: tuple[Path, Path] | None = None
    fetched: list[tuple[str, str | None]] = field(default_factory=list)
    """What git asked for: the target, and what it showed as Authorization."""

    def __post_init__(self) -> None:
        self.world = World(self.now, self.app)
        self._calls = Calls(self.world)
        self._patterns = [
            (method, _template(template), template, call)
            for (method, template), call in self._calls.table.items()
        ]
        self._lock = threading.Condition()
        self._listener = Listener(self.host, self.certificate, self._reply)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        for fault in self.faults:
            if fault.hold is not None:
                fault.hold.set()
        self._listener.close()

    @property
    def url(self) -> str:
        return self._listener.url

    def wait_until(self, seen: Callable[[World], bool], timeout_s: float) -> bool:
        """Wait until what it holds is so; it is looked at after each request."""
        with self._lock:
            return self._lock.wait_for(lambda: seen(self.world), timeout_s)

    def asked(self, method: str = "", path: str = "") -> list[Record]:
        """What came, by method and by a regular expression for the path."""
        with self._lock:
            return [
                each
                for each in self.records
                if method in ("", each.method) and re.search(path, each.path)
            ]

    def shown(self, name: str) -> set[str]:
        """The tokens that git showed when it fetched this repository."""
        with self._lock:
            asked = [shown for target, shown in self.fetched if target.startswith(f"/{name}.git/")]
        return {password(shown) for shown in asked if shown}

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Reply | None:
        """One request; None when the connection is to be closed."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(BASE) if parts.path.startswith(BASE) else ""
        parsed = json.loads(body) if body else None
        fault = self._fault(method, path)
        reply: Reply | None = None
        if fault is None or fault.after:
            reply = self._carry_out(method, path, parts.query, headers, parsed)
        if fault is not None:
            if fault.hold is not None:
                fault.hold.wait()
            held = {"Content-Type": "application/json", **fault.headers}
            reply = None if fault.drop else Reply(fault.status, held, fault.body)
        with self._lock:
            status = reply.status if reply else 0
            self.records.append(Record(method, path, parts.query, headers, parsed, status))
            self._lock.notify_all()
        return reply

    def _reply(self, method: str, target: str, headers: Message, body: bytes) -> Reply | None:
        if not target.startswith(BASE):
            with self._lock:
                self.fetched.append((target, headers["Authorization"]))
                self._lock.notify_all()
            return git_reply(self.world, method, target, headers, body)
        named = {name.lower(): value for name, value in headers.items()}
        return self.answer(method, target, named, body)

    def _fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            found = next((each for each in self.faults if each.fits(method, path)), None)
            if found is not None:
                found.times -= 1
            return found

    def _carry_out(
        self, method: str, path: str, query: str, headers: dict[str, str], body: Any
    ) -> Reply:
        moved = self._moved(path)
        if moved is not None:
            where = f"{self.url}{BASE}{moved}" + (f"?{query}" if query else "")
            status = 301 if method == "GET" else 307
            told = {"message": "Moved Permanently", "url": where}
            return _json(status, told, {"Location": where})
        path = self._by_id(path)
        try:
            operation = self._checked(method, path, query, headers, body)
        except Wrong as why:
            with self._lock:
                self.wrong.append(str(why))
            return _json(422, {"message": f"Validation Failed: {why}"})
        for known, pattern, _, call in self._patterns:
            found = pattern.match(path)
            if known == method and found:
                values = {name: unquote(value) for name, value in found.groupdict().items()}
                asked = Asked(
                    method, path, values, dict(parse_qsl(query)),
                    headers.get("authorization", ""), headers.get("accept", ""), body,
                )  # fmt: skip
                return self._said(call, asked, operation)
        return _json(404, {"message": "Not Found: the fake does not have this call"})

    def _checked(
        self, method: str, path: str, query: str, headers: dict[str, str], body: Any
    ) -> Operation | None:
        if not headers.get("user-agent"):
            raise Wrong("GitHub wants a user agent")
        if headers.get("x-github-api-version", "2022-11-28") != "2022-11-28":
            raise Wrong("GitHub has no such version of its API")
        if self.description is None:
            return None
        operation = self.description.operation(method, path)
        self.description.check_request(operation, query, body)
        return operation

    def _said(
        self, call: Callable[[Asked], Said], asked: Asked, operation: Operation | None
    ) -> Reply:
        try:
            with self._lock:
                said = call(asked)
        except Denied as denied:
            return _json(denied.status, {"message": str(denied)})
        if isinstance(said.body, bytes):
            kind = "application/vnd.github.raw+json; charset=utf-8"
            return Reply(said.status, {"Content-Type": kind}, said.body)
        body = said.body
        if self.description is not None and operation is not None:
            try:
                body = self.description.filled(operation, said.status, said.body, said.example)
            except Wrong as why:
                with self._lock:
                    self.wrong.append(f"the fake's own answer: {why}")
        links = {**said.headers}
        if said.another_page:
            query = {**asked.query, "page": str(int(asked.query.get("page", "1")) + 1)}
            links["Link"] = f'<{self.url}{BASE}{asked.path}?{urlencode(query)}>; rel="next"'
        return _json(said.status, body, links)

    def _moved(self, path: str) -> str | None:
        """Where a renamed repository is now: by its id, as GitHub redirects."""
        found = re.match(r"/repos/([^/]+/[^/]+)(/.*)?\Z", path)
        new = self.world.renamed.get(found[1].lower()) if found else None
        target = self.world.repositories.get(new.lower()) if new else None
        return f"/repositories/{target.id}{(found and found[2]) or ''}" if target else None

    def _by_id(self, path: str) -> str:
        found = re.match(r"/repositories/(\d+)(/.*)?\Z", path)
        known = self.world.by_id(int(found[1])) if found else None
        return f"/repos/{known.name}{(found and found[2]) or ''}" if known else path


def _template(template: str) -> re.Pattern[str]:
    text = re.sub(
        r"\\\{(\w+)\\\}",
        lambda found: f"(?P<{found[1]}>{'.+' if found[1] == 'path' else '[^/]+'})",
        re.escape(template),
    )
    return re.compile(text + r"\Z")


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Reply:
    made = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Reply(status, made, json.dumps(body).encode())
