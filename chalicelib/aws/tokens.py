"""Bearer tokens in the table: their hashes, never themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.aws.attribute_values import decode_item, encode_item
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls
from chalicelib.aws.expiry import EXPIRE_AT, token_expiry
from chalicelib.ports import ApiToken, Scope

TOKENS = "TOKENS"
"""All tokens are in one partition: there are few, each is cached, and they can be listed."""
CACHE_S = 30.0
CACHED_TOKENS = 256


class TokenTable:
    """``ports.TokenStore``. ``find`` may be ``cache_s`` seconds old: so long a revoked token
    may still work. A token that was not found is never remembered as missing. One that has
    expired is found until the table forgets it: whoever checks it looks at ``expires_at``.
    """

    def __init__(
        self,
        clients: AwsClients,
        table: str,
        *,
        cache_s: float = CACHE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._table = table
        self._cache_s = cache_s
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, ApiToken]] = {}

    def add(self, token: ApiToken) -> None:
        """Store it, replacing one of the same id."""
        fields = {
            "pk": TOKENS,
            "sk": token.id,
            "name": token.name,
            "scopes": sorted(token.scopes),
            "sha256": token.sha256,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            # Not "project": that is the key of an index of jobs.
            "for_project": token.project,
            EXPIRE_AT: token_expiry(token.expires_at),
        }
        with service_calls(f"store the token {token.id}"):
            self._clients.dynamodb().put_item(TableName=self._table, Item=encode_item(fields))

    def find(self, token_id: str) -> ApiToken | None:
        """The token of that id, by at most one consistent read."""
        now = self._monotonic()
        cached = self._cache.get(token_id)
        if cached is not None and now < cached[0]:
            return cached[1]
        with service_calls("look up the token"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=_key(token_id), ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            self._cache.pop(token_id, None)
            return None
        token = _token(item)
        if len(self._cache) >= CACHED_TOKENS:
            self._cache.clear()
        self._cache[token_id] = (now + self._cache_s, token)
        return token

    def all(self) -> list[ApiToken]:
        """Every token, oldest first."""
        tokens = []
        with service_calls("list the tokens"):
            pages = self._clients.dynamodb().get_paginator("query")
            for page in pages.paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": TOKENS}},
                ConsistentRead=True,
            ):
                tokens += [_token(item) for item in page["Items"]]
        return sorted(tokens, key=lambda token: (token.created_at, token.id))

    def remove(self, token_id: str) -> bool:
        """Revoke it; False when it was not there."""
        with service_calls(f"remove the token {token_id}"):
            answer = self._clients.dynamodb().delete_item(
                TableName=self._table, Key=_key(token_id), ReturnValues="ALL_OLD"
            )
        self._cache.pop(token_id, None)
        return "Attributes" in answer


def _key(token_id: str) -> Any:
    return {"pk": {"S": TOKENS}, "sk": {"S": token_id}}


def _token(item: Mapping[str, Any]) -> ApiToken:
    fields = decode_item(item)
    expires_at = fields.get("expires_at")
    return ApiToken(
        id=fields["sk"],
        name=fields["name"],
        # A scope of a newer version gives nothing here rather than an error.
        scopes=frozenset(Scope(scope) for scope in fields["scopes"] if scope in set(Scope)),
        sha256=fields["sha256"],
        created_at=datetime.fromisoformat(fields["created_at"]),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        project=fields.get("for_project"),
    )
