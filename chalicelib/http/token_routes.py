"""The routes of the tokens that the API itself asks for."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice, Response

from chalicelib.http import bodies, views
from chalicelib.http.api import Api, Call, answer
from chalicelib.http.errors import ApiError
from chalicelib.ports import Scope


def add_token_routes(app: Chalice, api: Api) -> None:
    """``/tokens`` and below."""

    @app.route("/tokens", methods=["POST"])
    @api.route(Scope.ADMIN)
    def create_token(call: Call) -> Response:
        """A new token. Its text is in this answer and nowhere else, ever."""
        body = call.body(bodies.TokenBody)
        try:
            token, text = call.dispatcher.create_token(
                body.name, body.scopes, expires_in_s=body.expires_in_s, project=body.project
            )
        except ValueError as trouble:
            raise ApiError(400, "invalid", str(trouble), "scopes") from None
        return answer(201, {"token": views.token_view(token), "text": text})

    @app.route("/tokens", methods=["GET"])
    @api.route(Scope.ADMIN)
    def list_tokens(call: Call) -> dict[str, Any]:
        """All tokens, without their texts."""
        return {"tokens": [views.token_view(token) for token in call.dispatcher.tokens()]}

    @app.route("/tokens/{token_id}", methods=["DELETE"])
    @api.route(Scope.ADMIN)
    def revoke_token(call: Call, token_id: str) -> dict[str, Any]:
        """Revoke a token; it may still work for the 30 s that it is cached."""
        if not call.dispatcher.revoke_token(token_id):
            raise ApiError(404, "unknown_token", f"there is no token {token_id[:100]!r}")
        return {"revoked": token_id}
