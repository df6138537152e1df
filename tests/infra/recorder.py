"""Notes every request that the service makes, by the function that makes it.

It listens inside the client library, before a request is built: what is only signed for somebody
else to use (a log's address) is noted as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore import handlers
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.infra.aws_calls import calls_of
from tests.infra.iam import Call


class Recorder:
    """``calls`` by function. Outside of ``on`` nothing is noted."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.definitions: list[dict[str, Any]] = []
        """Task definitions as they were registered: what the execution role must be able to do."""
        self._function: str | None = None
        self._canned: dict[tuple[str, str], dict[str, Any]] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Clients that are made within the block tell us of their requests."""
        added: list[tuple[str, Callable[..., Any]]] = [
            ("before-parameter-build", self._note),
            ("before-call.*.*", self._answer),
        ]
        registered: Any = handlers.BUILTIN_HANDLERS
        registered[:0] = added
        try:
            yield
        finally:
            for entry in added:
                registered.remove(entry)

    @contextmanager
    def on(self, function: str) -> Iterator[None]:
        """What is asked of AWS in the block is this function's."""
        before, self._function = self._function, function
        try:
            yield
        finally:
            self._function = before

    @contextmanager
    def answering(self, service: str, operation: str, answer: dict[str, Any]) -> Iterator[None]:
        """Answer this request ourselves: for what moto can't do, and for AWS's refusals, which have
        an ``Error`` with a ``Code``."""
        self._canned[service, operation] = answer
        try:
            yield
        finally:
            del self._canned[service, operation]

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self._function is None:
            return
        service = model.service_model.service_name
        self.calls[self._function] += calls_of(service, model.name, params)
        if model.name == "RegisterTaskDefinition":
            self.definitions.append(dict(params))

    def _answer(self, event_name: str, **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        service, operation = event_name.split(".")[1:]
        if (service, operation) not in self._canned:
            return None
        answer = self._canned[service, operation]
        body: Any = None
        status = 400 if "Error" in answer else 200
        return AWSResponse("https://aws.test/", status, HTTPHeaders(), body), answer
