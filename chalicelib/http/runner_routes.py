"""The runner's three routes: docs/protocol.md. They need no token but what their bodies hold."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice

from chalicelib.http import bodies
from chalicelib.http.api import Api, Call


def add_runner_routes(app: Chalice, api: Api) -> None:
    """``/runner/claim``, ``/runner/heartbeat``, ``/runner/report``."""

    @app.route("/runner/claim", methods=["POST"])
    @api.route(None)
    def claim(call: Call) -> dict[str, Any]:
        """A runner exchanges its token for the job."""
        from chalicelib.usecases.claim import ClaimRequest

        body = call.body(bodies.ClaimBody)
        return call.dispatcher.claim(ClaimRequest(body.job, body.token, body.nonce))

    @app.route("/runner/heartbeat", methods=["POST"])
    @api.route(None)
    def heartbeat(call: Call) -> dict[str, Any]:
        """A runner says that it is alive."""
        from chalicelib.usecases.heartbeat import HeartbeatRequest

        body = call.body(bodies.HeartbeatBody)
        return call.dispatcher.heartbeat(
            HeartbeatRequest(body.job, body.attempt, body.lease, body.log_bytes)
        )

    @app.route("/runner/report", methods=["POST"])
    @api.route(None)
    def report(call: Call) -> dict[str, Any]:
        """A runner says what it saw; answering acknowledges it."""
        from chalicelib.usecases.report import ReportRequest

        body = call.body(bodies.ReportBody)
        call.dispatcher.report(ReportRequest(body.job, body.attempt, body.lease, body.report))
        return {"acknowledged": True}
