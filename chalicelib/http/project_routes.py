"""The routes of projects. A name may have a slash, as no part of a path can: it is a parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Response

from chalicelib.http import bodies, queries, views
from chalicelib.http.api import Api, Call, answer
from chalicelib.http.errors import ApiError
from chalicelib.ports import Scope


def add_project_routes(app: Chalice, api: Api) -> None:
    """``GET``, ``PUT`` and ``DELETE /projects?project``."""

    def route(method: str) -> Callable[[Callable[..., Any]], Any]:
        def decorate(function: Callable[..., Any]) -> Any:
            return app.route("/projects", methods=[method], name=function.__name__)(
                api.route(Scope.ADMIN)(function)
            )

        return decorate

    @route("GET")
    def get_projects(call: Call) -> dict[str, Any]:
        """One project, or all of them without ``?project``."""
        queries.only_known(call.query, ("project",))
        dispatcher = call.dispatcher
        if "project" in call.query:
            return {"project": views.project_view(dispatcher.project(project_of(call)), dispatcher)}
        return {"projects": [views.project_view(p, None) for p in dispatcher.projects()]}

    @route("PUT")
    def put_project(call: Call) -> Response:
        """Register ``?project``, or change the settings that the body names."""
        body = call.body(bodies.ProjectBody)
        try:
            project, new = call.dispatcher.put_project(
                project_of(call), body.model_dump(exclude_unset=True)
            )
        except ValueError as trouble:
            raise ApiError(400, "invalid", str(trouble)) from None
        return answer(201 if new else 200, {"project": views.project_view(project, None)})

    @route("DELETE")
    def delete_project(call: Call) -> dict[str, Any]:
        """Forget the settings of ``?project``; its jobs, secrets and tokens stay."""
        name = project_of(call)
        call.dispatcher.remove_project(name)
        return {"project": {"name": name.lower()}}


def project_of(call: Call) -> str:
    """``?project``, which must be there. Raises ``ApiError`` 400."""
    queries.only_known(call.query, ("project",))
    if "project" not in call.query:
        raise ApiError(400, "missing_field", "project is missing: name it as ?project=", "project")
    return queries.project_name(call.query["project"])
