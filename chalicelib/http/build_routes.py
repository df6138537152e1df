"""The routes of builds: what people ask about them and do with them."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice, Response

from chalicelib.domain.ids import is_id
from chalicelib.http import queries, reach
from chalicelib.http.api import Api, Call, answer
from chalicelib.http.build_views import build_view, builds_view
from chalicelib.http.errors import ApiError
from chalicelib.ports import Scope
from chalicelib.usecases.errors import UnknownBuild

MAX_PAGE = 50


def add_build_routes(app: Chalice, api: Api) -> None:
    """``GET /builds``, and one build's own."""

    @app.route("/builds", methods=["GET"])
    @api.route(Scope.READ)
    def list_builds(call: Call) -> dict[str, Any]:
        """Builds, newest first: ``?project&limit&cursor``."""
        query = call.query
        queries.only_known(query, ("project", "limit", "cursor"))
        asked = queries.project_name(query["project"]) if "project" in query else None
        project = reach.project_filter(call, asked)
        limit = queries.whole_number(query, "limit", 20, least=1, most=MAX_PAGE)
        try:
            page = call.dispatcher.builds(project, limit=limit, cursor=query.get("cursor"))
        except ValueError:
            raise ApiError(400, "invalid", "cursor is not one that a list gave", "cursor") from None
        return builds_view(page)

    @app.route("/builds/{build_id}", methods=["GET"])
    @api.route(Scope.READ)
    def get_build(call: Call, build_id: str) -> dict[str, Any]:
        """One build with its jobs."""
        return {"build": build_view(call.dispatcher.build(_build_id(call, build_id)))}

    @app.route("/builds/{build_id}/approve", methods=["POST"])
    @api.route(Scope.SUBMIT)
    def approve_build(call: Call, build_id: str) -> dict[str, Any]:
        """Let a build run that waits for it: a stranger's change, at this very commit."""
        found = _build_id(call, build_id)
        return {"build": build_view(call.dispatcher.approve_build(found, who=call.caller))}

    @app.route("/builds/{build_id}/cancel", methods=["POST"])
    @api.route(Scope.CANCEL)
    def cancel_build(call: Call, build_id: str) -> dict[str, Any]:
        """Cancel its jobs; one that is over is given back unchanged."""
        found = _build_id(call, build_id)
        return {"build": build_view(call.dispatcher.cancel_build(found, who=call.caller))}

    @app.route("/builds/{build_id}/rerun", methods=["POST"])
    @api.route(Scope.SUBMIT)
    def rerun_build(call: Call, build_id: str) -> Response:
        """A new build of the same commit: ``?jobs=failed`` keeps the results of what passed."""
        queries.only_known(call.query, ("jobs",))
        which = call.query.get("jobs", "all")
        if which not in ("all", "failed"):
            raise ApiError(400, "invalid", "jobs must be all or failed", "jobs")
        found = _build_id(call, build_id)
        build = call.dispatcher.rerun_build(found, failed=which == "failed")
        return answer(202, {"build": build_view(build)}, {"Location": f"/builds/{build.id}"})


def _build_id(call: Call, text: str) -> str:
    """A build's id from a path, if the caller may know of it. Raises ``UnknownBuild``."""
    if not is_id(text):
        raise UnknownBuild(text[:100])
    own = reach.own_project(call)
    if own is not None and call.dispatcher.build(text).project != own:
        raise UnknownBuild(text)
    return text
