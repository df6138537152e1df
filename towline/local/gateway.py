"""What API Gateway does for the app: a request becomes an event, the answer becomes bytes.

Chalice keeps the current request in one attribute of the app, which is right in a Lambda, where
one event is handled at a time. Here requests overlap, so the attribute is made thread-local;
Chalice's own development server does the same.
"""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from towline.local.http_server import Answer, error_answer

if TYPE_CHECKING:
    from chalice.app import Chalice


class _PerThread:
    """Mixed into the app's class: what belongs to one request belongs to one thread."""

    _here = threading.local()

    @property
    def current_request(self) -> Any:
        return getattr(self._here, "request", None)

    @current_request.setter
    def current_request(self, value: Any) -> None:
        self._here.request = value

    @property
    def lambda_context(self) -> Any:
        return getattr(self._here, "context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._here.context = value


def make_thread_safe(app: Chalice) -> None:
    """Give this app a current request for each thread. May be repeated."""
    kind = type(app)
    if not issubclass(kind, _PerThread):
        for name in ("current_request", "lambda_context"):
            app.__dict__.pop(name, None)
        app.__class__ = type(kind.__name__, (_PerThread, kind), {})


@dataclass(slots=True)
class Context:
    """The Lambda context, as far as the app and Powertools read it."""

    function_name: str = "towline-local"
    function_version: str = "$LATEST"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:towline-local"
    memory_limit_in_mb: int = 512
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_group_name: str = ""
    log_stream_name: str = ""
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class Gateway:
    """Calls the app as API Gateway would (REST API, Lambda proxy integration)."""

    def __init__(self, app: Chalice) -> None:
        make_thread_safe(app)
        self._app = app
        # Fixed segments before captured ones, so that /jobs/new would win over /jobs/{id}.
        self._routes = [(route, route.split("/")) for route in sorted(app.routes)]

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, source_ip: str
    ) -> Answer:
        """One request to one answer. Never raises for what a client sent."""
        from chalicelib.http.errors import unknown_route

        parts = urlsplit(target)
        found = self._match(parts.path)
        if found is None:
            refusal = unknown_route(method, parts.path)
            return error_answer(refusal.status, refusal.code, refusal.message)
        route, captured = found
        event = {
            "resource": route,
            "path": parts.path,
            "httpMethod": method,
            "requestContext": {
                "httpMethod": method,
                "resourcePath": route,
                "path": parts.path,
                "requestId": str(uuid.uuid4()),
                "identity": {"sourceIp": source_ip},
            },
            "headers": {name.lower(): value for name, value in headers.items()},
            "multiValueQueryStringParameters": parse_qs(parts.query, keep_blank_values=True)
            or None,
            "pathParameters": captured,
            "stageVariables": None,
            "body": body.decode("utf-8", "replace") if body else None,
            "isBase64Encoded": False,
        }
        return _render(self._app(event, Context()))

    def _match(self, path: str) -> tuple[str, dict[str, str]] | None:
        segments = path.split("/") if path == "/" else path.rstrip("/").split("/")
        for route, pattern in self._routes:
            if len(pattern) != len(segments):
                continue
            captured = {}
            for have, want in zip(segments, pattern, strict=True):
                if want.startswith("{"):
                    captured[want[1:-1]] = unquote(have)
                elif have != want:
                    break
            else:
                return route, captured
        return None


def _render(response: dict[str, Any]) -> Answer:
    headers = dict(response.get("headers") or {})
    for name, values in (response.get("multiValueHeaders") or {}).items():
        headers[name] = ", ".join(values)
    text = response.get("body") or ""
    if response.get("isBase64Encoded"):
        body = base64.b64decode(text)
    else:
        body = text if isinstance(text, bytes) else text.encode()
    return Answer(int(response["statusCode"]), headers, body)
