"""Who may do what: the App by its signed token, installations and people by theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fakes.github_server.world import FakeRepository, FakeToken, World

LEVELS = ("none", "read", "write", "admin")
LONGEST_JWT = timedelta(minutes=10)


class Denied(Exception):  # noqa: N818 - an answer of the fake
    """What is answered instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def shown_token(authorization: str) -> str:
    """The token of an ``Authorization`` header; '' without one."""
    kind, _, text = authorization.partition(" ")
    return text.strip() if kind.lower() in ("bearer", "token") else ""


def check_app(world: World, authorization: str) -> None:
    """Raises ``Denied`` unless it is the App's own token, signed, not expired and not too long."""
    import jwt

    app, key = world.app or ("", "")
    try:
        claims: dict[str, Any] = jwt.decode(
            shown_token(authorization),
            key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        raise Denied(401, "A JSON web token could not be decoded") from None
    now = world.now().timestamp()
    if str(claims.get("iss")) != app:
        raise Denied(401, "'Issuer' claim ('iss') must be an Integer or Client ID")
    if claims["exp"] < now or claims["exp"] > now + LONGEST_JWT.total_seconds():
        raise Denied(401, "'Expiration time' claim ('exp') is too far in the future or past")
    if claims["iat"] > now:
        raise Denied(401, "'Issued at' claim ('iat') must be in the past")


def token_of(world: World, authorization: str) -> FakeToken | None:
    """The token that was shown; None without one. Raises ``Denied`` for one that is not valid."""
    text = shown_token(authorization)
    if not text:
        return None
    token = world.tokens.get(text)
    if token is None or (token.expires_at is not None and token.expires_at <= world.now()):
        raise Denied(401, "Bad credentials")
    return token


def check_repository(
    world: World, token: FakeToken | None, repository: FakeRepository | None, right: str
) -> FakeRepository:
    """The repository, when the token may do this there. ``right``: such as ``checks:write``."""
    if repository is None or not _sees(token, repository):
        raise Denied(404, "Not Found")
    name, _, level = right.partition(":")
    if token is None:
        if level == "write":
            raise Denied(401, "Requires authentication")
        return repository
    if name == "checks" and level == "write" and token.installation is None:
        raise Denied(403, "You must authenticate via a GitHub App.")
    held = token.permissions.get(name, "none")
    if LEVELS.index(held) < LEVELS.index(level) and not (
        level == "read" and not repository.private
    ):
        raise Denied(403, "Resource not accessible by integration")
    return repository


def _sees(token: FakeToken | None, repository: FakeRepository) -> bool:
    if token is None:
        return not repository.private
    if token.repository_ids is not None and repository.id not in token.repository_ids:
        return not repository.private
    if token.installation is not None and token.installation != repository.installation:
        return not repository.private
    return True
