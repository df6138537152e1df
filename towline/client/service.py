"""The service's routes as methods."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from towline.client.connection import Connection
from towline.client.errors import Refused
from towline.client.log_links import LogLinks

Rendered = dict[str, Any]
"""A job, token or secret as the service shows it."""

LOG_PAGE = 4 << 20
"""Bytes of log asked for at once; a service on AWS gives 64 KiB, and links to what is larger."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Bytes of one attempt's log; attempt 0: not launched yet.

    ``complete``: nothing comes after ``next_offset`` in this attempt.
    """

    attempt: int
    offset: int
    data: bytes
    next_offset: int
    gap: int
    complete: bool


class Service:
    """A Towline service. Every method raises a ``ClientError`` with a sentence."""

    def __init__(self, url: str, token: str | None) -> None:
        self._connection = Connection(url, token)
        self._links = LogLinks()
        self.url = self._connection.url

    def close(self) -> None:
        """Let go of the connection. May be repeated."""
        self._connection.close()
        self._links.close()

    def health(self) -> Rendered:
        """What the service says of itself; needs no token."""
        return self._ask("GET", "/health")

    # --- jobs ---------------------------------------------------------------------------------

    def submit(self, spec: Mapping[str, Any], *, key: str | None = None) -> Rendered:
        """Submit a job. A key makes the submit repeatable by the caller, too."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._job(self._ask("POST", "/jobs", dict(spec), headers))

    def job(self, job_id: str) -> Rendered:
        return self._job(self._ask("GET", f"/jobs/{_quoted(job_id)}"))

    def cancel(self, job_id: str) -> Rendered:
        return self._job(self._ask("POST", f"/jobs/{_quoted(job_id)}/cancel", {}))

    def rerun(self, job_id: str) -> Rendered:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self._job(self._ask("POST", f"/jobs/{_quoted(job_id)}/rerun", {}, key))

    def jobs(self, filters: Mapping[str, str], limit: int) -> Iterator[Rendered]:
        """Jobs by filter, newest first, at most ``limit``, page by page."""
        cursor: str | None = None
        while limit > 0:
            query = {**filters, "limit": str(min(limit, 100))}
            if cursor:
                query["cursor"] = cursor
            page = self._ask("GET", f"/jobs?{urlencode(query)}")
            for job in page["jobs"][:limit]:
                yield job
                limit -= 1
            cursor = page.get("cursor")
            if not cursor:
                return

    def costs(self, since: str, project: str | None) -> Iterator[Rendered]:
        """What jobs submitted since a time (ISO 8601) cost, by project: parts that add up."""
        query = {"since": since, **({"project": project} if project else {})}
        while True:
            part = self._ask("GET", f"/costs?{urlencode(query)}")
            yield part
            if not part["cursor"]:
                return
            query["cursor"] = part["cursor"]

    def log(self, job_id: str, offset: int, attempt: int | None = None) -> LogPage:
        """Log from a byte offset on, as much as the service gives at once; of the current attempt
        when none is named."""
        return _page(self._log(job_id, offset, attempt, "none"))

    def log_pages(self, job_id: str, offset: int, attempt: int | None = None) -> Iterator[LogPage]:
        """What comes at an offset of the log, by one look: some pages, or one that is empty.

        What the service only gives a link to is read from there and checked: what is not what the
        link says counts as never arrived, and the page after it has the ``gap``.
        """
        asked, links = offset, "any"
        while True:
            answer = self._log(job_id, asked, attempt, links)
            attempt = int(answer["attempt"]) or None
            link = answer.get("link")
            if not link:
                page = _page(answer)
                # Of what was passed over on the way here the service knows nothing.
                yield replace(page, gap=page.offset - offset) if page.data else page
                return
            begin = position = int(answer["offset"])
            for data in self._links.read(link, begin):
                end = position + len(data)
                complete = bool(answer["complete"]) and end >= int(answer["next_offset"])
                yield LogPage(attempt or 0, position, data, end, position - offset, complete)
                offset = position = end
            if position > begin:
                return
            if link["archive"]:
                links = "chunk"
            else:
                asked = int(answer["next_offset"])

    def _log(self, job_id: str, offset: int, attempt: int | None, links: str) -> Rendered:
        query = {"offset": str(offset), "limit": str(LOG_PAGE), "link": links}
        if attempt is not None:
            query["attempt"] = str(attempt)
        return self._ask("GET", f"/jobs/{_quoted(job_id)}/log?{urlencode(query)}")

    # --- secrets and tokens -------------------------------------------------------------------

    def set_secret(self, project: str, name: str, value: str) -> None:
        query = urlencode({"project": project})
        self._ask("PUT", f"/secrets/{_quoted(name)}?{query}", {"value": value})

    def secrets(self, project: str) -> list[str]:
        answer = self._ask("GET", f"/secrets?{urlencode({'project': project})}")
        return [entry["name"] if isinstance(entry, dict) else entry for entry in answer["secrets"]]

    def remove_secret(self, project: str, name: str) -> None:
        self._ask("DELETE", f"/secrets/{_quoted(name)}?{urlencode({'project': project})}")

    def set_registry(self, name: str, registry: str, username: str, password: str) -> None:
        """Keep credentials that private images of this registry are pulled with."""
        login = {"registry": registry, "username": username, "password": password}
        self._ask("PUT", f"/registries/{_quoted(name)}", login)

    def registries(self) -> list[Rendered]:
        """Each ``{"name", "registry"}``; passwords are never given back."""
        found: list[Rendered] = self._ask("GET", "/registries")["registries"]
        return found

    def remove_registry(self, name: str) -> None:
        self._ask("DELETE", f"/registries/{_quoted(name)}")

    def projects(self) -> list[Rendered]:
        """All that are registered, by name."""
        found: list[Rendered] = self._ask("GET", "/projects")["projects"]
        return found

    def project(self, name: str) -> Rendered:
        """One project's settings, and its slots if it has a limit."""
        found: Rendered = self._ask("GET", f"/projects?{urlencode({'project': name})}")["project"]
        return found

    def put_project(self, name: str, changes: Mapping[str, Any]) -> Rendered:
        """Register it or change the settings named; null takes one away."""
        path = f"/projects?{urlencode({'project': name})}"
        found: Rendered = self._ask("PUT", path, dict(changes))["project"]
        return found

    def remove_project(self, name: str) -> None:
        self._ask("DELETE", f"/projects?{urlencode({'project': name})}")

    def set_checkout_token(self, project: str, value: str | None) -> Rendered:
        """Keep or renew a project's own checkout token; None takes it away."""
        path = f"/projects/checkout-token?{urlencode({'project': project})}"
        body = None if value is None else {"value": value}
        found: Rendered = self._ask("DELETE" if value is None else "PUT", path, body)["project"]
        return found

    # --- GitHub's keys ------------------------------------------------------------------------

    def github(self, *, check: bool = False, project: str | None = None) -> Rendered:
        """What is set, and with ``check`` whether it works, or works for a project."""
        query = {"check": "yes"} if check else {}
        if project is not None:
            query["project"] = project
        found: Rendered = self._ask("GET", f"/github?{urlencode(query)}")["github"]
        return found

    def set_github_key(self, name: str, value: str) -> None:
        self._ask("PUT", f"/github/{_quoted(name)}", {"value": value})

    def remove_github_key(self, name: str) -> None:
        self._ask("DELETE", f"/github/{_quoted(name)}")

    def finish_github_rotation(self) -> None:
        self._ask("POST", "/github/webhook-secret/rotate", {})

    # --- tokens -------------------------------------------------------------------------------

    def create_token(
        self, name: str, scopes: list[str], expires_in_s: int | None, project: str | None = None
    ) -> Rendered:
        wanted: dict[str, Any] = {"name": name, "scopes": scopes}
        if project is not None:
            wanted["project"] = project
        if expires_in_s is not None:
            wanted["expires_in_s"] = expires_in_s
        return self._ask("POST", "/tokens", wanted)

    def tokens(self) -> list[Rendered]:
        found: list[Rendered] = self._ask("GET", "/tokens")["tokens"]
        return found

    def revoke_token(self, token_id: str) -> None:
        self._ask("DELETE", f"/tokens/{_quoted(token_id)}")

    def _ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Rendered:
        answer: Rendered = self._connection.ask(method, path, body, headers)
        return answer

    def _job(self, answer: Rendered) -> Rendered:
        job: Rendered = answer["job"]
        return job


def _page(answer: Rendered) -> LogPage:
    return LogPage(
        attempt=int(answer["attempt"]),
        offset=int(answer["offset"]),
        data=base64.b64decode(answer["data"]),
        next_offset=int(answer["next_offset"]),
        gap=int(answer.get("gap") or 0),
        complete=bool(answer["complete"]),
    )


def _quoted(segment: str) -> str:
    """One segment of a path. An empty one would make a path of another meaning."""
    if not segment:
        raise Refused(404, "not_found", "An empty id or name names nothing.", None)
    return quote(segment, safe="", errors="surrogateescape")
