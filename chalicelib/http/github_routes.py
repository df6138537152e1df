"""The operator's routes about GitHub. What is stored by them can be replaced, never read."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice

from chalicelib.domain.github_keys import NAMES, WEBHOOK_SECRET
from chalicelib.domain.model import stamp
from chalicelib.http import bodies, queries, views
from chalicelib.http.api import Api, Call
from chalicelib.http.errors import ApiError
from chalicelib.http.project_routes import project_of
from chalicelib.ports import Scope


def add_github_routes(app: Chalice, api: Api) -> None:
    """``/github`` and below, and projects' checkout tokens."""

    @app.route("/github", methods=["GET"])
    @api.route(Scope.ADMIN)
    def get_github(call: Call) -> dict[str, Any]:
        """What is set. ``?check=yes``: whether it works; with ``&project``, for that project."""
        query = call.query
        queries.only_known(query, ("check", "project"))
        dispatcher = call.dispatcher
        checked = queries.yes_or_no(query, "check", default=False)
        project = queries.project_name(query["project"]) if "project" in query else None
        if project is not None and not checked:
            raise ApiError(400, "invalid", "project is for check=yes", "project")
        kept = dispatcher.github_keys()
        shown: dict[str, Any] = {
            "url": dispatcher.github_url,
            "keys": [
                {"name": name, "set_at": stamp(kept[name]) if name in kept else None}
                for name in NAMES
            ],
        }
        if checked:
            shown["findings"] = [
                {"state": each.state, "about": each.about, "says": each.says}
                for each in dispatcher.check_github(project)
            ]
        return {"github": shown}

    @app.route("/github/{name}", methods=["PUT"])
    @api.route(Scope.ADMIN)
    def put_github_key(call: Call, name: str) -> dict[str, Any]:
        """Keep a webhook secret, the App's id or key, or a token; or replace it."""
        queries.only_known(call.query, ())
        call.dispatcher.put_github_key(name, call.body(bodies.SecretBody).value)
        return {"key": {"name": name}}

    @app.route("/github/{name}", methods=["DELETE"])
    @api.route(Scope.ADMIN)
    def delete_github_key(call: Call, name: str) -> dict[str, Any]:
        """Forget one."""
        queries.only_known(call.query, ())
        call.dispatcher.remove_github_key(name)
        return {"key": {"name": name}}

    # With the name as a parameter: a path of its own would hide the routes above from API Gateway.
    @app.route("/github/{name}/rotate", methods=["POST"])
    @api.route(Scope.ADMIN)
    def rotate_webhook_secret(call: Call, name: str) -> dict[str, Any]:
        """Make ``webhook-secret-next`` the ``webhook-secret``: the old one is valid no more."""
        queries.only_known(call.query, ())
        if name != WEBHOOK_SECRET:
            raise ApiError(404, "unknown_key", f"only {WEBHOOK_SECRET} is rotated", None)
        call.dispatcher.finish_rotation()
        return {"key": {"name": name}}

    @app.route("/projects/checkout-token", methods=["PUT"])
    @api.route(Scope.ADMIN)
    def put_checkout_token(call: Call) -> dict[str, Any]:
        """Keep ``?project``'s checkout token, or renew it."""
        name, value = project_of(call), call.body(bodies.SecretBody).value
        return {
            "project": views.project_view(call.dispatcher.put_checkout_token(name, value), None)
        }

    @app.route("/projects/checkout-token", methods=["DELETE"])
    @api.route(Scope.ADMIN)
    def delete_checkout_token(call: Call) -> dict[str, Any]:
        """Forget ``?project``'s checkout token. May be repeated."""
        project = call.dispatcher.remove_checkout_token(project_of(call))
        return {"project": views.project_view(project, None)}
