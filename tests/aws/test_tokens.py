"""Bearer tokens: stored, found, listed, revoked; remembered for half a minute at most."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.aws.attribute_values import encode_item
from chalicelib.aws.tokens import TokenTable
from chalicelib.ports import ApiToken, Scope
from tests.aws.world import NOW, World


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(world: World, clock: Clock) -> TokenTable:
    made = TokenTable(world.clients, world.table, monotonic=clock)
    world.count()
    return made


def _token(number: int, **changed: object) -> ApiToken:
    fields: dict[str, object] = {
        "id": f"t{number}",
        "name": f"token {number}",
        "scopes": frozenset({Scope.SUBMIT, Scope.READ}),
        "sha256": "ab" * 32,
        "created_at": NOW + timedelta(seconds=number),
    }
    return ApiToken(**(fields | changed))  # type: ignore[arg-type]


def test_a_token_comes_back_as_it_was_stored(tokens: TokenTable) -> None:
    ends = _token(1, expires_at=NOW + timedelta(days=1, microseconds=5))
    for token in (ends, _token(2), _token(3, scopes=frozenset())):
        tokens.add(token)
        assert tokens.find(token.id) == token
    assert tokens.find("t4") is None


def test_tokens_are_listed_oldest_first_and_revoked_once(tokens: TokenTable) -> None:
    for number in (3, 1, 2):
        tokens.add(_token(number))
    assert [token.id for token in tokens.all()] == ["t1", "t2", "t3"]
    assert tokens.remove("t2")
    assert not tokens.remove("t2")
    assert tokens.find("t2") is None
    assert [token.id for token in tokens.all()] == ["t1", "t3"]


def test_a_found_token_is_remembered_for_half_a_minute(
    world: World, tokens: TokenTable, clock: Clock
) -> None:
    tokens.add(_token(1))
    tokens.find("t1")
    world.count()
    clock.now += 29.9
    tokens.find("t1")
    assert world.count() == {}
    TokenTable(world.clients, world.table).remove("t1")
    clock.now += 0.2
    assert tokens.find("t1") is None


def test_a_missing_token_is_asked_for_again(tokens: TokenTable) -> None:
    assert tokens.find("t1") is None
    tokens.add(_token(1))
    assert tokens.find("t1") == _token(1)


def test_a_scope_of_a_newer_version_gives_nothing(world: World, tokens: TokenTable) -> None:
    item = {
        "pk": "TOKENS",
        "sk": "t9",
        "name": "n",
        "scopes": ["read", "fly"],
        "sha256": "00",
        "created_at": "2026-01-01T00:00:00.000000Z",
    }
    world.clients.dynamodb().put_item(TableName=world.table, Item=encode_item(item))
    found = tokens.find("t9")
    assert found is not None
    assert found.scopes == {Scope.READ}
