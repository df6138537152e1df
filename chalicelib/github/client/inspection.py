"""Asks GitHub who we are there, and what we may do: for the operator, never for a build.

Each function raises ``GitHubError``, may be repeated and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import AwareDatetime, Field

from chalicelib.github.client.access import Access
from chalicelib.github.client.answers import Known, read, read_list
from chalicelib.github.client.call import Call
from chalicelib.github.client.errors import NotAllowed, NotFound, Refused
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.paths import of_repository

PAGES = 10
NO_COMMIT = "0" * 40
"""No commit has this name: git's own word for "none"."""
SCOPES = "x-oauth-scopes"
"""Told of classic tokens alone:
https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps"""
EXPIRES = "github-authentication-token-expiration"
"""Told of tokens that end: ``2026-12-24 12:00:00 UTC``."""


class KnownApp(Known):
    """``GET /app``."""

    name: str
    permissions: dict[str, str] = Field(default_factory=dict)
    events: tuple[str, ...] = ()


class _Account(Known):
    login: str = ""


class KnownInstallation(Known):
    """One of ``GET /app/installations``. ``permissions``: those that its owner agreed to."""

    id: int
    account: _Account | None = None
    permissions: dict[str, str] = Field(default_factory=dict)
    suspended_at: AwareDatetime | None = None

    @property
    def owner(self) -> str:
        """Whose it is, as far as GitHub tells."""
        return self.account.login if self.account is not None and self.account.login else "?"


class Hook(Known):
    """``GET /app/hook/config``. The secret is not in it."""

    url: str = ""
    insecure_ssl: str | float = "0"


class Owner(Known):
    """``GET /user``, with what the answer's headers say of the token."""

    login: str
    scopes: tuple[str, ...] | None = Field(
        default=None, description="a classic token's; null: it is a fine-grained one"
    )
    expires: str | None = Field(default=None, description="when the token ends, in GitHub's words")


def app(exchange: Exchange, access: Access) -> KnownApp:
    """The App that the key belongs to."""
    return read(KnownApp, exchange.ask(Call("GET", "/app"), access).data)


def installations(exchange: Exchange, access: Access) -> Iterator[KnownInstallation]:
    """Where the App is installed, page by page."""
    call = Call("GET", "/app/installations{?per_page}", {"per_page": "100"})
    answer = exchange.ask(call, access)
    for _ in range(PAGES):
        yield from read_list(KnownInstallation, answer.data)
        if answer.next_url is None:
            return
        answer = exchange.ask_next(answer.next_url, call, access)


def hook(exchange: Exchange, access: Access) -> Hook | None:
    """Where the App's deliveries go; None: its webhook is off."""
    try:
        return read(Hook, exchange.ask(Call("GET", "/app/hook/config"), access).data)
    except NotFound:
        return None


def owner(exchange: Exchange, access: Access) -> Owner:
    """Whose token it is. An App's installation has no such answer."""
    answer = exchange.ask(Call("GET", "/user"), access)
    found = read(Owner, answer.data)
    scopes = answer.headers.get(SCOPES)
    told = None if scopes is None else tuple(filter(None, map(str.strip, scopes.split(","))))
    return found.model_copy(update={"scopes": told, "expires": answer.headers.get(EXPIRES)})


def may_read_pull_requests(exchange: Exchange, access: Access, name: str) -> bool:
    """Whether they can be listed."""
    call = Call(
        "GET",
        "/repos/{owner}/{repo}/pulls{?per_page}",
        {**of_repository(name), "per_page": "1"},
    )
    return _allowed(exchange, access, call)


def may_set_statuses(exchange: Exchange, access: Access, name: str) -> bool:
    """Whether a commit status would be taken, found out with one for a commit that can't be.

    GitHub lists no fine-grained token's permissions. Whoever may set statuses is told that there is
    no such commit (422); whoever may not is refused before it is looked for.
    """
    call = Call(
        "POST",
        "/repos/{owner}/{repo}/statuses/{sha}",
        {**of_repository(name), "sha": NO_COMMIT},
        body={"state": "pending", "context": "towline"},
    )
    try:
        return _allowed(exchange, access, call)
    except Refused as refused:
        if refused.status == 422:
            return True
        raise


def _allowed(exchange: Exchange, access: Access, call: Call) -> bool:
    try:
        exchange.ask(call, access)
    except (NotAllowed, NotFound) as refused:
        if refused.status == 401:
            raise
        return False
    return True
