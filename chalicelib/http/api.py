"""What every route has in common: the request, the caller, and errors as answers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from chalice.app import Chalice, Request, Response
from pydantic import BaseModel

from chalicelib.http.auth import authorize
from chalicelib.http.errors import ApiError, from_chalice
from chalicelib.http.validation import parse
from chalicelib.observability import invocation
from chalicelib.ports import ApiToken, IdempotencyMismatch, Scope, ServiceTrouble
from chalicelib.usecases.errors import (
    BuildRefused,
    KeyRefused,
    NoBuilds,
    RunnerRefused,
    SpecRefused,
    UnknownAttempt,
    UnknownBuild,
    UnknownJob,
    UnknownKey,
    UnknownProject,
)

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher

MAX_BODY_BYTES = 5_900_000
"""Lambda takes requests of 6 MB, the event around the body included
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
RETRY_AFTER_S = "5"

M = TypeVar("M", bound=BaseModel)

log = logging.getLogger("towline.http")

_request: ContextVar[Request] = ContextVar("towline_http_request")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one route."""

    request: Request
    dispatcher: Dispatcher
    token: ApiToken | None

    @property
    def caller(self) -> str:
        """The name of the token that asks; '' where none is needed."""
        return self.token.name if self.token else ""

    def body(self, model: type[M]) -> M:
        """The JSON body as a model. Raises ``ApiError`` 413 or 400."""
        raw = self.request.raw_body
        data = raw.encode() if isinstance(raw, str) else raw
        if len(data) > MAX_BODY_BYTES:
            raise ApiError(
                413, "too_large", f"the body has {len(data)} bytes; at most {MAX_BODY_BYTES} fit"
            )
        return parse(model, data)

    def header(self, name: str) -> str | None:
        value = self.request.headers.get(name)
        return None if value is None else str(value)

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters by name; of one given twice the last counts, as with API Gateway."""
        params = self.request.query_params
        return {} if params is None else {name: params[name] for name in params}


Answer = Response | dict[str, Any]
Route = Callable[..., Answer]


class Api:
    """Makes routes of functions: who may call, what they are given, how errors are answered.

    Chalice keeps the current request in one attribute of the app. Here it is in a context
    variable instead, so that requests may overlap in a server with threads.
    """

    def __init__(self, app: Chalice, dispatcher: Callable[[], Dispatcher]) -> None:
        self._dispatcher = dispatcher
        app.register_middleware(_bind_request, "http")

    def route(self, scope: Scope | None) -> Callable[[Route], Callable[..., Response]]:
        """A function of ``Call`` and the path's parts as a Chalice view.

        ``scope``: what the caller's token must allow; None asks for no token.
        """

        def decorate(function: Route) -> Callable[..., Response]:
            @functools.wraps(function)
            def view(**path: str) -> Response:
                try:
                    return _rendered(function(self._call(scope), **path))
                except Exception as trouble:  # noqa: BLE001 - what is not ours is logged there
                    return _refusal(trouble)

            return view

        return decorate

    def _call(self, scope: Scope | None) -> Call:
        request = _request.get()
        dispatcher = self._dispatcher()
        token = None
        if scope is not None:
            try:
                token = authorize(dispatcher, request.headers.get("authorization"), scope)
            except ApiError as refusal:
                reason = refusal.code
                dispatcher.collaborators.meter.count("RequestsRefused", reason=reason)
                raise
        return Call(request, dispatcher, token)


def answer(status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(
        body=body,
        status_code=status,
        headers={
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def _rendered(result: Answer) -> Response:
    return result if isinstance(result, Response) else answer(200, result)


_SENTENCES: dict[type[Exception], tuple[int, str, str | None]] = {
    UnknownJob: (404, "unknown_job", None),
    UnknownBuild: (404, "unknown_build", None),
    UnknownProject: (404, "unknown_project", "project"),
    UnknownAttempt: (404, "unknown_attempt", "attempt"),
    NoBuilds: (404, "no_builds", None),
    BuildRefused: (409, "build_refused", None),
    UnknownKey: (404, "unknown_key", None),
    KeyRefused: (400, "invalid", "value"),
}
"""Answers of the use cases whose own text is what the caller should read."""


def _refusal(trouble: Exception) -> Response:
    """Any exception as an answer. What is not one of ours is logged and shows nothing."""
    if isinstance(trouble, ApiError):
        headers = {"WWW-Authenticate": "Bearer"} if trouble.status == 401 else None
        return answer(trouble.status, trouble.body(), headers)
    for kind, (status, code, field) in _SENTENCES.items():
        if isinstance(trouble, kind):
            return _refusal(ApiError(status, code, str(trouble), field))
    if isinstance(trouble, SpecRefused):
        sentence = f"{trouble.field}: {trouble}"
        return _refusal(ApiError(400, trouble.code, sentence, trouble.field))
    if isinstance(trouble, RunnerRefused):
        return answer(trouble.status, ApiError(0, trouble.code, str(trouble)).body())
    if isinstance(trouble, IdempotencyMismatch):
        sentence = "this Idempotency-Key was used for another request: make a new one"
        return _refusal(ApiError(409, "idempotency_mismatch", sentence, "Idempotency-Key"))
    if isinstance(trouble, ServiceTrouble):
        log.warning("a request could not be served: %s", trouble)
        sentence = "the service could not reach what it depends on: try again in a moment"
        body = ApiError(503, "unavailable", sentence).body()
        return answer(503, body, {"Retry-After": RETRY_AFTER_S})
    log.error("a request failed", exc_info=trouble)
    return _refusal(
        ApiError(500, "internal", "the service failed at this request; its log says why")
    )


def _bind_request(
    request: Request | None, get_response: Callable[[Request | None], Response]
) -> Response:
    """Chalice middleware: the request for this context, and Chalice's own refusals in our words."""
    if request is None:  # not an HTTP request at all; Chalice says so
        return get_response(request)
    token = _request.set(request)
    try:
        with invocation(request.lambda_context):
            response = get_response(request)
    finally:
        _request.reset(token)
    refusal = from_chalice(response.status_code, response.body)
    if refusal is None:
        return response
    return answer(refusal.status, refusal.body(), {k: str(v) for k, v in response.headers.items()})
