"""One call of GitHub's API: sent, waited for, sent again where that is right, and understood.

Never sleeps longer than its ``Patience``: what GitHub wants to be waited out beyond that is raised
as ``TryLater``, and until then nothing more is sent with that token. Redirects are followed on the
same host alone, so no token reaches another.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from gidgethub import sansio

from chalicelib.github.client.access import Access
from chalicelib.github.client.call import Answer, Call, message_of, understand
from chalicelib.github.client.errors import Misunderstood, TryLater
from chalicelib.github.client.limits import Wait, wait_of
from chalicelib.github.client.patience import Patience
from chalicelib.github.client.site import Site
from chalicelib.github.client.transport import NoAnswer, Request, Response, TooLong, Transport
from chalicelib.version import VERSION

log = logging.getLogger(__name__)

API_VERSION = "2022-11-28"
"""What the present Enterprise Servers speak too:
https://docs.github.com/en/rest/about-the-rest-api/api-versions"""
REDIRECTS = 3
_REDIRECTED = frozenset({301, 302, 307, 308})


@dataclass
class Exchange:
    """One for a process: it remembers which tokens must wait."""

    site: Site
    transport: Transport
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    """From 0 to 1, so that not all come back at once."""
    patience: Patience = field(default_factory=Patience)
    _closed_until: dict[str, datetime] = field(default_factory=dict, repr=False)

    def ask(self, call: Call, access: Access) -> Answer:
        """GitHub's answer. Raises ``GitHubError``: ``TryLater``, ``Refused`` or another."""
        url = sansio.format_url(call.path, call.values or None, base_url=self.site.api_url)
        return self._ask_at(url, call, access)

    def ask_next(self, url: str, call: Call, access: Access) -> Answer:
        """The next page of the same call. Raises as ``ask`` does."""
        if _origin(url) != _origin(self.site.api_url):
            raise Misunderstood("GitHub's next page is on another host; it is not asked for")
        return self._ask_at(url, call, access)

    def _ask_at(self, url: str, call: Call, access: Access) -> Answer:
        renewed, waited, tried = False, 0.0, 0
        while True:
            self._check_open(access)
            tried += 1
            try:
                response = self._send(url, call, access)
            except TooLong as trouble:
                raise Misunderstood(f"GitHub: {trouble}") from None
            except NoAnswer as trouble:
                done = trouble.sent and call.method != "GET"
                wait = Wait(self.patience.later_s, str(trouble), told=False, limited=False)
                may_repeat = call.repeatable or not trouble.sent
            else:
                if response.status == 401 and not renewed and access.forget():
                    renewed = True
                    continue
                found = wait_of(response.status, response.headers, message_of(response), self.now())
                if found is None:
                    return understand(response, call)
                wait, done = found, response.status >= 500 and call.method != "GET"
                may_repeat = call.repeatable or found.limited
            pause = wait.seconds if wait.told else self.patience.pause(tried, self.jitter())
            # A limit without a time is a minute by GitHub's own rule: never a pause of ours.
            short = not (wait.limited and not wait.told) and waited + pause <= self.patience.waits_s
            if not (may_repeat and short and tried < self.patience.tries):
                raise self._later(wait, access, maybe_done=done)
            log.info("GitHub is asked again in %.1f s: %s", pause, wait.why)
            self.sleep(pause)
            waited += pause

    def _send(self, url: str, call: Call, access: Access) -> Response:
        body = None if call.body is None else json.dumps(call.body).encode()
        headers = sansio.create_headers(f"towline/{VERSION}", accept=call.accept)
        headers["x-github-api-version"] = API_VERSION
        if body is not None:
            headers["content-type"] = "application/json"
        headers.update(access.headers())
        for _ in range(REDIRECTS + 1):
            request = Request(call.method, url, headers, body)
            response = self.transport(request, timeout_s=self.patience.timeout_s, most=call.most)
            if response.status not in _REDIRECTED or "location" not in response.headers:
                return response
            url = _redirected(url, response.headers["location"])
        raise Misunderstood("GitHub redirects again and again")

    def _check_open(self, access: Access) -> None:
        until = self._closed_until.get(access.who)
        left = (until - self.now()).total_seconds() if until else 0.0
        if left > 0:
            raise TryLater(f"GitHub limits the requests of {access.who}", after_s=left)

    def _later(self, wait: Wait, access: Access, *, maybe_done: bool) -> TryLater:
        if wait.limited:
            self._closed_until[access.who] = self.now() + timedelta(seconds=wait.seconds)
        return TryLater(wait.why, after_s=wait.seconds, maybe_done=maybe_done)


def utc_now() -> datetime:
    """The clock that wiring passes."""
    return datetime.now(UTC)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _redirected(url: str, location: str) -> str:
    """Where to go on. Raises ``Misunderstood`` for another host, which must not see the token."""
    try:
        target = urljoin(url, location)
        same = _origin(target) == _origin(url)
    except ValueError:
        same, target = False, ""
    if not same:
        raise Misunderstood("GitHub redirects to another host, which is not followed")
    return target
