"""The app over a deployment of its own, called as API Gateway and Lambda call it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib import wiring
from chalicelib.ports import Scope
from tests.app.caller import Caller
from tests.usecases.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        wiring.use(made.dispatcher)
        yield made
        wiring.use(None)


@pytest.fixture
def caller(world: World) -> Caller:
    """Calls with a token that may do everything."""
    _, text = world.dispatcher.create_token("root", [Scope.ADMIN])
    return Caller(text)
