"""What goes wrong on purpose: the next answers to some requests are these instead."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Fault:
    """The next ``times`` requests that fit get this answer.

    ``hold``: the answer waits for it. ``drop``: the connection is closed without one.
    ``after``: the request is carried out first, and only its answer is lost.
    """

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"message": "Server Error"}'
    method: str = ""
    path: str = ""
    """A regular expression that is found in the path."""
    times: int = 1
    hold: threading.Event | None = None
    drop: bool = False
    after: bool = False

    def fits(self, method: str, path: str) -> bool:
        """Whether it is for this request."""
        return self.times > 0 and self.method in ("", method) and bool(re.search(self.path, path))


def secondary_limit(seconds: int | None = 60, *, path: str = "", times: int = 1) -> Fault:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    body = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
    return Fault(403, headers, body, path=path, times=times)


def primary_limit(reset: float, *, status: int = 403, path: str = "", times: int = 1) -> Fault:
    """All requests of the hour are used; ``reset`` is in seconds of the epoch."""
    headers = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(reset)),
    }
    body = b'{"message": "API rate limit exceeded for installation ID 7."}'
    return Fault(status, headers, body, path=path, times=times)


def bad_gateway(*, path: str = "", times: int = 1) -> Fault:
    """What GitHub's front answers while something behind it is away: a page."""
    page = b"<html><title>Unicorn!</title></html>"
    return Fault(502, {"Content-Type": "text/html"}, page, path=path, times=times)
