"""Who is asking: a bearer token and what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.http.errors import ApiError
from chalicelib.ports import ApiToken, Scope
from chalicelib.usecases.access import allows

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher

_MAY = {
    Scope.SUBMIT: "submit jobs",
    Scope.READ: "read jobs and logs",
    Scope.CANCEL: "cancel jobs and builds",
    Scope.ADMIN: "manage projects, tokens, secrets, registry credentials and GitHub's keys",
}


def authorize(dispatcher: Dispatcher, header: str | None, scope: Scope) -> ApiToken:
    """The caller's token. Raises ``ApiError`` 401 without a good one, 403 without the scope."""
    if not header:
        raise ApiError(
            401, "no_token", "this needs a token: send the header Authorization: Bearer <token>"
        )
    kind, _, text = header.partition(" ")
    if kind.lower() != "bearer":
        raise ApiError(
            401, "no_token", "the Authorization header must be of the form: Bearer <token>"
        )
    token = dispatcher.check_token(text.strip())
    if token is None:
        raise ApiError(401, "bad_token", "the token is unknown, revoked or expired")
    if not allows(token, scope):
        has = ", ".join(sorted(token.scopes)) or "none"
        raise ApiError(
            403,
            "missing_scope",
            f"the token {token.name!r} may not {_MAY[scope]}: its scopes are {has}, "
            f"and this needs {scope.value}",
        )
    return token
