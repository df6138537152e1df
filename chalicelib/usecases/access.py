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
    co: Collaborators, name: str, scopes: Iterable[Scope], *, expires_in_s: float | None = None
) -> tuple[ApiToken, str]:
    """A new token and its text ``tl_<id>_<secret>``, which is never to be had again."""
    now = co.clock()
    secret = co.random_bytes(32).hex()
    token = ApiToken(
        id=co.random_bytes(6).hex(),
        name=name,
        scopes=frozenset(scopes),
        sha256=hashlib.sha256(secret.encode()).hexdigest(),
        created_at=now,
        expires_at=None if expires_in_s is None else now + timedelta(seconds=expires_in_s),
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
