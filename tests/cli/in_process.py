"""Commands whose service is the real app, called in this process instead of over a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.ports import Scope
from tests.app.caller import Caller
from tests.usecases.world import World
from towline.client.connection import Connection
from towline.client.errors import Refused


@contextmanager
def in_process(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What commands ask is answered by this deployment, to a token that may do everything."""
    wiring.use(world.dispatcher)
    caller = Caller(world.dispatcher.create_token("root", [Scope.ADMIN])[1])

    def ask(_: Any, method: str, path: str, body: object = None, headers: Any = None) -> Any:
        answer = caller(method, path, body, headers=headers)
        if answer.status >= 400:
            status, code, field = answer.error
            raise Refused(status, code, answer.message + ".", field)
        return answer.body

    monkeypatch.setattr(Connection, "ask", ask)
    monkeypatch.setenv("TOWLINE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TOWLINE_TOKEN", "any")
    try:
        yield
    finally:
        wiring.use(None)
