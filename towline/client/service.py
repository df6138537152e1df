"""The service's routes as methods."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from towline.client.connection import Connection
from towline.client.errors import Refused

Rendered = dict[str, Any]
"""A job, token or secret as the service shows it."""

LOG_PAGE = 4 << 20
"""Bytes of log asked for at once; API Gateway answers with at most 10 MB of base64."""


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
        self.url = self._connection.url

    def close(self) -> None:
        """Let go of the connection. May be repeated."""
        self._connection.close()

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

    def log(self, job_id: str, offset: int, attempt: int | None = None) -> LogPage:
        """Log from a byte offset on; of the current attempt when none is named."""
        query = {"offset": str(offset), "limit": str(LOG_PAGE)}
        if attempt is not None:
            query["attempt"] = str(attempt)
        answer = self._ask("GET", f"/jobs/{_quoted(job_id)}/log?{urlencode(query)}")
        return LogPage(
            attempt=int(answer["attempt"]),
            offset=int(answer["offset"]),
            data=base64.b64decode(answer["data"]),
            next_offset=int(answer["next_offset"]),
            gap=int(answer.get("gap") or 0),
            complete=bool(answer["complete"]),
        )

    # --- secrets and tokens -------------------------------------------------------------------

    def set_secret(self, project: str, name: str, value: str) -> None:
        query = urlencode({"project": project})
        self._ask("PUT", f"/secrets/{_quoted(name)}?{query}", {"value": value})

    def secrets(self, project: str) -> list[str]:
        answer = self._ask("GET", f"/secrets?{urlencode({'project': project})}")
        return [entry["name"] if isinstance(entry, dict) else entry for entry in answer["secrets"]]

    def remove_secret(self, project: str, name: str) -> None:
        self._ask("DELETE", f"/secrets/{_quoted(name)}?{urlencode({'project': project})}")

    def create_token(self, name: str, scopes: list[str], expires_in_s: int | None) -> Rendered:
        wanted: dict[str, Any] = {"name": name, "scopes": scopes}
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


def _quoted(segment: str) -> str:
    """One segment of a path. An empty one would make a path of another meaning."""
    if not segment:
        raise Refused(404, "not_found", "An empty id or name names nothing.", None)
    return quote(segment, safe="", errors="surrogateescape")
