"""The routes of what jobs are given in secret. What is stored by them is never given back."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice

from chalicelib.http import bodies, queries
from chalicelib.http.api import Api, Call
from chalicelib.http.errors import ApiError
from chalicelib.ports import RegistryLogin, Scope


def add_secret_routes(app: Chalice, api: Api) -> None:
    """``/secrets`` of projects, and ``/registries``, the logins for private images."""
    _add_secrets(app, api)
    _add_registries(app, api)


def _add_secrets(app: Chalice, api: Api) -> None:
    @app.route("/secrets", methods=["GET"])
    @api.route(Scope.ADMIN)
    def list_secrets(call: Call) -> dict[str, Any]:
        """The names of ``?project``'s secrets; values are never given back."""
        return {"secrets": list(call.dispatcher.secret_names(_project(call)))}

    @app.route("/secrets/{name}", methods=["PUT"])
    @api.route(Scope.ADMIN)
    def put_secret(call: Call, name: str) -> dict[str, Any]:
        """Keep a secret of ``?project``, or replace it."""
        project, name = _project(call), queries.secret_name(name)
        value = call.body(bodies.SecretBody).value
        try:
            call.dispatcher.put_secret(project, name, value)
        except ValueError as trouble:
            raise ApiError(400, "invalid", str(trouble), "value") from None
        return {"secret": {"project": project, "name": name}}

    @app.route("/secrets/{name}", methods=["DELETE"])
    @api.route(Scope.ADMIN)
    def delete_secret(call: Call, name: str) -> dict[str, Any]:
        """Forget a secret of ``?project``."""
        project, name = _project(call), queries.secret_name(name)
        if not call.dispatcher.delete_secret(project, name):
            raise ApiError(404, "unknown_secret", f"project {project!r} has no secret {name!r}")
        return {"secret": {"project": project, "name": name}}


def _add_registries(app: Chalice, api: Api) -> None:
    @app.route("/registries", methods=["GET"])
    @api.route(Scope.ADMIN)
    def list_registry_credentials(call: Call) -> dict[str, Any]:
        """Names of kept registry credentials, and whose each is; passwords never come back."""
        kept = call.dispatcher.registry_credentials()
        return {"registries": [{"name": name, "registry": host} for name, host in kept.items()]}

    @app.route("/registries/{name}", methods=["PUT"])
    @api.route(Scope.ADMIN)
    def put_registry_credentials(call: Call, name: str) -> dict[str, Any]:
        """Keep a login that jobs may name for their private images, or replace it."""
        name, body = queries.registry_credentials_name(name), call.body(bodies.RegistryBody)
        login = RegistryLogin(body.registry, body.username, body.password)
        try:
            call.dispatcher.put_registry_credentials(name, login)
        except ValueError as trouble:
            raise ApiError(400, "invalid", str(trouble), "password") from None
        return {"registry": {"name": name, "registry": body.registry}}

    @app.route("/registries/{name}", methods=["DELETE"])
    @api.route(Scope.ADMIN)
    def delete_registry_credentials(call: Call, name: str) -> dict[str, Any]:
        """Forget a login."""
        name = queries.registry_credentials_name(name)
        if not call.dispatcher.delete_registry_credentials(name):
            sentence = f"there are no registry credentials {name!r}"
            raise ApiError(404, "unknown_registry_credentials", sentence)
        return {"registry": {"name": name}}


def _project(call: Call) -> str:
    queries.only_known(call.query, ("project",))
    return call.dispatcher.canonical_name(
        queries.project_name(call.query.get("project", "default"))
    )
