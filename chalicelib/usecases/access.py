"""Bearer tokens: made once, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import timedelta

from chalicelib.ports import ApiToken, Scope
from chalicelib.usecases.collaborators import Collaborators

_TEXT = re.compile(r"tl_([0-9a-f]{12})_([0-9a-f]{64})\Z")


def create_token(
    co: Collaborators,
    name: str,
    scopes: Iterable[Scope],
    *,
    expires_in_s: float | None = None,
    project: str | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its text ``tl_<id>_<secret>``, which is never to be had again.

    ``project``: it is for this one's jobs alone. Raises ``ValueError`` when it would be an admin's
    as well: an admin can make tokens for all others.
    """
    wanted = frozenset(scopes)
    if project is not None and Scope.ADMIN in wanted:
        raise ValueError("a token of one project can't have the scope admin, which is for all")
    now = co.clock()
    secret = co.random_bytes(32).hex()
    token = ApiToken(
        id=co.random_bytes(6).hex(),
        name=name,
        scopes=wanted,
        sha256=hashlib.sha256(secret.encode()).hexdigest(),
        created_at=now,
        expires_at=None if expires_in_s is None else now + timedelta(seconds=expires_in_s),
        project=project,
    )
    co.tokens.add(token)
    return token, f"tl_{token.id}_{secret}"


def check_token(co: Collaborators, text: str) -> ApiToken | None:
    """The token of this text, or None: malformed, unknown, revoked, expired or wrong.

    Compared in constant time. A revoked token may work for as long as the store caches it.
    """
    match = _TEXT.match(text)
    if match is None:
        return None
    token = co.tokens.find(match[1])
    shown = hashlib.sha256(match[2].encode()).hexdigest()
    # Compared even when there is no such token, so that the time taken tells nothing.
    good = hmac.compare_digest(shown, token.sha256 if token else "0" * 64)
    if token is None or not good:
        return None
    if token.expires_at is not None and co.clock() >= token.expires_at:
        return None
    return token


def allows(token: ApiToken, scope: Scope) -> bool:
    """Whether the token may do this; ``admin`` may do everything."""
    return scope in token.scopes or Scope.ADMIN in token.scopes
