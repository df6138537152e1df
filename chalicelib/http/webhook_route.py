"""The route that GitHub sends its deliveries to. They are signed, so it asks for no token."""

from __future__ import annotations

from chalice.app import Chalice, Response

from chalicelib.http.api import Api, Call, answer
from chalicelib.http.errors import ApiError

CONTENT_TYPES = ["application/json", "application/x-www-form-urlencoded"]
SIGNED_WITH = "X-Towline-Signed-With"
"""Shown by GitHub beside the delivery, so that whoever changes the secret sees when it is done."""
REASON = "X-Towline-Reason"
"""Why nothing follows: a 204 has no body that could say it."""


def add_webhook_route(app: Chalice, api: Api) -> None:
    """``POST /webhooks/github``."""

    @app.route("/webhooks/github", methods=["POST"], content_types=CONTENT_TYPES)
    @api.route(None)
    def github_webhook(call: Call) -> Response:
        """A delivery. Its signature over the raw body is looked at before anything in it."""
        raw = call.request.raw_body
        body = raw.encode() if isinstance(raw, str) else raw
        taken = call.dispatcher.take_webhook(dict(call.request.headers), body)
        meter = call.dispatcher.collaborators.meter
        if taken.status >= 400:
            meter.count("DeliveriesRefused", reason=taken.reason)
            raise ApiError(taken.status, taken.reason, taken.what)
        meter.count("DeliveriesTaken")
        headers = {SIGNED_WITH: taken.signed_with} if taken.signed_with else {}
        if taken.status == 204:
            headers |= {"Cache-Control": "no-store", REASON: taken.what}
            return Response(body="", status_code=204, headers={**headers})
        told = {"build": taken.build_id} if taken.build_id else {}
        return answer(taken.status, {"done": taken.what, **told}, headers)
