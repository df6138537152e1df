"""AWS for local mode: moto, inside this process, reached without a socket.

The adapters of ``chalicelib.aws`` make ordinary boto3 clients. A session from here answers their
requests from moto just before they would go to the network. Two things come of that:

- moto checks no signatures, so whoever reaches it may rewrite any table. Here nobody else can: it
  listens nowhere, neither for a container nor for a job on this host.
- moto checks and writes a table item in two steps. Here requests to one service wait for each
  other, so that a conditional write is one step, as it is in DynamoDB.
"""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import threading
import types
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.session import Session

REGION = "us-east-1"

SERIAL = frozenset({"dynamodb", "sqs", "ssm", "ecs", "secretsmanager"})
"""Services whose requests wait for each other. S3 is not among them: logs are large, and the
service relies on no condition there."""

PLAIN_ENDPOINTS = {
    "ignore_configured_endpoint_urls": True,
    "use_fips_endpoint": False,
    "use_dualstack_endpoint": False,
}
"""What the user's environment may say of addresses; moto knows the usual ones only."""

Handler = Callable[[Any, str, Any], tuple[int, dict[str, str], bytes | str]]


class EmbeddedAws:
    """An AWS account in memory. ``counts`` has the requests by (service, operation)."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._locks = {name: threading.RLock() for name in SERIAL}
        self._routes: dict[str, list[tuple[re.Pattern[str], Handler]]] = {}
        self._listeners: dict[tuple[str, str], list[Callable[[], None]]] = {}
        self._watchers: dict[str, list[Callable[[str, bytes], None]]] = {}
        self._closed = False

    def on(self, service: str, operation: str, call: Callable[[], None]) -> None:
        """Call this after each request of that kind, on the thread that made it."""
        self._listeners.setdefault((service, operation), []).append(call)

    def watch(self, service: str, call: Callable[[str, bytes], None]) -> None:
        """Call this with operation and body of each request to the service that was not refused,
        on the thread that made it and after it has had its effect."""
        self._watchers.setdefault(service, []).append(call)

    def session(self) -> Session:
        """A session whose clients talk to this account and to nothing else.

        Nothing of the user's own AWS configuration is read.
        """
        from botocore.session import Session

        closed: Any = {"profile": (None, None, None, None)}
        session = Session(session_vars=closed)
        session.set_config_variable("config_file", os.devnull)
        session.set_config_variable("credentials_file", os.devnull)
        for name, value in PLAIN_ENDPOINTS.items():
            session.set_config_variable(name, value)
        session.register("before-send", cast("Any", self._answer))
        return session

    def preload(self, *services: str) -> None:
        """Import what these services need now. moto's imports are slow; call it on a thread."""
        for service in services:
            self._routes_of(service)

    def close(self) -> None:
        """Refuse every later request. May be repeated."""
        self._closed = True

    def _answer(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        from botocore.awsrequest import AWSResponse
        from moto.core.request import normalize_request
        from werkzeug.exceptions import HTTPException

        if self._closed:
            raise RuntimeError("the embedded service is closed")
        service, operation = event_name.split(".")[1:]
        self.counts[service, operation] += 1
        handler = self._handler(service, request.url)
        normal = normalize_request(request)
        status: int
        headers: dict[str, str]
        body: bytes | str
        try:
            lock = self._locks.get(service)
            if lock is None:
                status, headers, body = handler(normal, normal.raw_url, normal.headers)
            else:
                with lock:
                    status, headers, body = handler(normal, normal.raw_url, normal.headers)
        except HTTPException as error:
            status, headers, body = error.code or 500, dict(error.get_headers()), error.get_body()
        for call in self._listeners.get((service, operation), ()):
            call()
        if status < 300:
            for watcher in self._watchers.get(service, ()):
                watcher(operation, _bytes(request.body))
        return AWSResponse(request.url, status, cast("Any", headers), cast("Any", _Body(body)))

    def _handler(self, service: str, url: str) -> Handler:
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}{parts.path}"
        for pattern, handler in self._routes_of(service):
            if pattern.match(address):
                return handler
        # Without this the request would go out to the real AWS.
        raise LookupError(f"the embedded AWS has nothing at {address}")

    def _routes_of(self, service: str) -> list[tuple[re.Pattern[str], Handler]]:
        routes = self._routes.get(service)
        if routes is None:
            from moto.backends import get_backend
            from moto.core.models import DEFAULT_ACCOUNT_ID

            if service == "ssm":
                _import_ssm_without_ec2()
            if service == "dynamodb":
                _pass_attribute_values_on()
            regions = get_backend(service)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
            backend = regions[REGION if REGION in regions else "aws"]
            routes = [(re.compile(url), handler) for url, handler in backend.urls.items()]
            self._routes[service] = routes
        return routes


def _import_ssm_without_ec2() -> None:
    """Import moto's SSM without its EC2, which takes half a second to load.

    SSM asks EC2 only for instances to send commands to, and there are none here. A process that
    has loaded EC2 keeps it; one that loads it later gets the real one.
    """
    if "moto.ssm.models" in sys.modules or "moto.ec2" in sys.modules:
        return
    stand_in = types.ModuleType("moto.ec2")
    stand_in.ec2_backends = {}  # type: ignore[attr-defined]
    sys.modules["moto.ec2"] = stand_in
    try:
        importlib.import_module("moto.ssm.models")
    finally:
        del sys.modules["moto.ec2"]


def _pass_attribute_values_on() -> None:
    """Let moto send attribute values as it has them.

    They are ready to be sent (``{"S": "text"}``), yet moto looks for each of the ten possible
    members of each of them under several names, which is most of the time that it takes for an
    item. A shape that is marked as a document is passed on as it is.
    """
    from moto.core.utils import get_service_model

    model: Any = get_service_model("dynamodb")
    model._service_description["shapes"]["AttributeValue"]["document"] = True


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)


class _Body(io.BytesIO):
    """The raw side of an answer, as botocore reads it."""

    def __init__(self, body: bytes | str) -> None:
        super().__init__(body.encode() if isinstance(body, str) else body)

    def stream(self, amt: int = 1 << 16, **_: Any) -> Any:
        while chunk := self.read(amt):
            yield chunk
