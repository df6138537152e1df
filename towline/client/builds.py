"""The routes of builds as methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from towline.client.connection import Connection

Rendered = dict[str, Any]
"""A build as the service shows it."""
PAGE = 50


class Builds:
    """Builds of a Towline service. Every method raises a ``ClientError`` with a sentence."""

    def __init__(self, url: str, token: str | None) -> None:
        self._connection = Connection(url, token)

    def all(self, project: str | None, limit: int) -> Iterator[Rendered]:
        """Newest first, at most ``limit``, page by page."""
        query = {"project": project} if project else {}
        while limit > 0:
            query["limit"] = str(min(limit, PAGE))
            page = self._ask("GET", f"/builds?{urlencode(query)}")
            yield from page["builds"][:limit]
            limit -= len(page["builds"])
            if not page.get("cursor"):
                return
            query["cursor"] = page["cursor"]

    def one(self, build_id: str) -> Rendered:
        return self._build(self._ask("GET", _path(build_id)))

    def approve(self, build_id: str) -> Rendered:
        """Let a build run that waits for it. Repeatable."""
        return self._build(self._ask("POST", f"{_path(build_id)}/approve", {}))

    def cancel(self, build_id: str) -> Rendered:
        """A build that is over is given back unchanged."""
        return self._build(self._ask("POST", f"{_path(build_id)}/cancel", {}))

    def rerun(self, build_id: str, *, failed: bool) -> Rendered:
        """The new build. ``failed``: what passed is not run again."""
        query = "?jobs=failed" if failed else ""
        return self._build(self._ask("POST", f"{_path(build_id)}/rerun{query}", {}))

    def _ask(self, method: str, path: str, body: object = None) -> Rendered:
        answer: Rendered = self._connection.ask(method, path, body)
        return answer

    def _build(self, answer: Rendered) -> Rendered:
        build: Rendered = answer["build"]
        return build


def _path(build_id: str) -> str:
    # An empty id would make another route of it.
    return f"/builds/{quote(build_id, safe='') or '-'}"
