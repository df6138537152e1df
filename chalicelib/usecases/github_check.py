"""Try what the deployment knows GitHub by: does it work, and what is missing? Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.github_keys import TOKEN, gaps
from chalicelib.github.wanted import lacking, unheard
from chalicelib.usecases.build_side import build_side
from chalicelib.usecases.collaborators import Collaborators

if TYPE_CHECKING:
    from chalicelib.github.client.access import Access
    from chalicelib.github.client.exchange import Exchange
    from chalicelib.github.client.github import GitHub
    from chalicelib.github.client.inspection import Hook, KnownInstallation

TIMEOUT_S = 5.0
"""For each request, once: API Gateway waits 29 s for all of them together."""
MOST_INSTALLATIONS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``state``: ok, warning or wrong."""

    state: str
    about: str
    says: str


def check_github(co: Collaborators) -> Iterator[Finding]:
    """Of the App, its installations and the service's token. Raises ``NoBuilds``."""
    from chalicelib.github.client.errors import GitHubError

    side = build_side(co)
    for gap in gaps(side.keys.kept()):
        yield Finding("wrong", "setup", gap)
    about = "setup"
    try:
        github = side.github.github()
        if github.key is not None:
            about = "app"
            yield from _app(github, quick(github.exchange))
        token = side.github.service_token()
        if token is not None:
            about = "token"
            yield from token_findings(quick(github.exchange), token, TOKEN)
    except GitHubError as trouble:
        yield Finding("wrong", about, str(trouble))


def quick(exchange: Exchange) -> Exchange:
    """The same, with one short try for each request: somebody waits for the answer."""
    from chalicelib.github.client.patience import Patience

    return replace(exchange, patience=Patience(tries=1, timeout_s=TIMEOUT_S, waits_s=0.0))


def token_findings(exchange: Exchange, token: str, about: str) -> Iterator[Finding]:
    """Whose it is, until when, and by which scopes as far as GitHub tells. Raises ``GitHubError``.

    A fine-grained one's permissions are told by nobody; they show at a repository.
    """
    from pydantic import SecretStr

    from chalicelib.github.client import inspection
    from chalicelib.github.client.access import Bearer

    access: Access = Bearer(SecretStr(token), f"the {about} that is checked")
    found = inspection.owner(exchange, access)
    ends = f", until {found.expires}" if found.expires else ""
    if found.scopes is None:
        says = f"it is {found.login}'s, fine-grained{ends}: what it may do shows at a project"
        yield Finding("ok", about, says)
        return
    yield Finding("ok", about, f"it is {found.login}'s, a classic one{ends}")
    scopes = set(found.scopes)
    if "repo" in scopes:
        says = (
            "its scope is repo: it may write to all that its owner may; a fine-grained one is safer"
        )
        yield Finding("warning", about, says)
    elif not {"repo:status", "public_repo"} & scopes:
        shown = ", ".join(sorted(scopes)) or "none"
        says = (
            f"its scopes are {shown}: to set statuses it needs repo:status, for private ones repo"
        )
        yield Finding("wrong", about, says)


def _app(github: GitHub, exchange: Exchange) -> Iterator[Finding]:
    from chalicelib.github.client import inspection

    access = github.app_access()
    app = inspection.app(exchange, access)
    yield Finding("ok", "app", f"GitHub knows it as {app.name!r}: id and key fit")
    missing = lacking(app.permissions)
    if missing:
        says = f"it lacks {', '.join(missing)}: allow it under Permissions & events, and save"
        yield Finding("wrong", "app", says)
    unsaid = unheard(app.events)
    if unsaid:
        says = f"it is not told of {', '.join(unsaid)}: subscribe to it under Permissions & events"
        yield Finding("wrong", "app", says)
    yield from _hook(inspection.hook(exchange, access))
    count = 0
    for each in inspection.installations(exchange, access):
        count += 1
        if count > MOST_INSTALLATIONS:
            says = f"the first {MOST_INSTALLATIONS} installations were looked at, and no more"
            yield Finding("warning", "app", says)
            break
        yield _installation(each)
    if not count:
        yield Finding("wrong", "app", "it is installed nowhere: install it where it is wanted")


def _installation(found: KnownInstallation) -> Finding:
    where, missing = f"installation {found.id}, of {found.owner}", lacking(found.permissions)
    if found.suspended_at is not None:
        return Finding("wrong", "app", f"{where}, is suspended by its owner")
    if missing:
        says = f"{where}, lacks {', '.join(missing)}: its owner has yet to agree to it"
        return Finding("wrong", "app", says)
    return Finding("ok", "app", f"{where}, has all that is needed")


def _hook(found: Hook | None) -> Iterator[Finding]:
    if found is None or not found.url:
        says = "its webhook has no address: set it to this service's, with /webhooks/github"
        yield Finding("wrong", "app", says)
        return
    if float(found.insecure_ssl):
        yield Finding("wrong", "app", "its webhook does not check certificates: enable SSL there")
    if found.url.endswith("/webhooks/github"):
        yield Finding("ok", "app", f"its deliveries go to {found.url}")
    else:
        says = f"its deliveries go to {found.url}, which does not end with /webhooks/github"
        yield Finding("wrong", "app", says)
