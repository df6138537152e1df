"""Accepted deliveries in the table, each once: by GitHub's id and by its very bytes.

| Item | ``pk`` | ``sk`` | Attributes |
|---|---|---|---|
| delivery | ``delivery#<id>`` | ``delivery`` | ``body`` (JSON), ``open_pk`` while it is not done |
| its bytes | ``delivery#<sha256>`` | ``digest`` | ``delivery`` |

The signature does not cover the id, so a recorded delivery could come again under another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.aws.attribute_values import encode, encode_item
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.due_index import due_keys
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.expiry import EXPIRE_AT, in_seconds
from chalicelib.build_ports import StoredDelivery
from chalicelib.domain.model import stamp
from chalicelib.ports import ServiceTrouble

OPEN = "OPEN_DELIVERIES"
PREFIX = "delivery#"
KEPT = timedelta(days=30)
"""GitHub delivers again, when it is asked to, what is at most three days old:
https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks"""


class DeliveryTable:
    """``build_ports.DeliveryStore``. ``accept`` is one TransactWriteItems, and one or two GetItem
    when the delivery came before; everything else is one request."""

    def __init__(self, clients: AwsClients, table: str) -> None:
        self._clients = clients
        self._table = table

    def accept(self, delivery: StoredDelivery, *, due_at: datetime) -> tuple[StoredDelivery, bool]:
        from botocore.exceptions import ClientError

        fresh = {
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        marker = _digest_key(delivery.digest) | encode_item(
            {"delivery": delivery.id, EXPIRE_AT: _end(delivery)}
        )
        items: Any = [
            {"Put": {"TableName": self._table, "Item": _item(delivery, due_at), **fresh}},
            {"Put": {"TableName": self._table, "Item": marker, **fresh}},
        ]
        with service_calls(f"write delivery {delivery.id}"):
            try:
                self._clients.dynamodb().transact_write_items(TransactItems=items)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons: Any = error.response.get("CancellationReasons") or [{}, {}]
            else:
                return delivery, True
        return self._first(delivery, reasons), False

    def get(self, delivery_id: str) -> StoredDelivery | None:
        with service_calls(f"read delivery {delivery_id}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=_key(delivery_id), ConsistentRead=True
            )
        item: Any = answer.get("Item")
        return None if item is None else _read(item)

    def put_off(self, delivery: StoredDelivery, due_at: datetime) -> None:
        later = delivery.model_copy(update={"tries": delivery.tries + 1})
        self._write(_item(later, due_at), delivery.id)

    def done(self, delivery: StoredDelivery, what: str) -> None:
        self._write(_item(delivery.model_copy(update={"done": what}), None), delivery.id)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        keys = due_keys(self._clients, self._table, OPEN, now, limit)
        return [key.removeprefix(PREFIX) for key in keys]

    def _write(self, item: dict[str, Any], delivery_id: str) -> None:
        with service_calls(f"write delivery {delivery_id}"):
            self._clients.dynamodb().put_item(TableName=self._table, Item=item)

    def _first(self, delivery: StoredDelivery, reasons: Any) -> StoredDelivery:
        """The one that came before, out of a cancelled transaction."""
        by_id, by_digest = (reason.get("Item") for reason in reasons[:2])
        if by_id:
            return _read(by_id)
        first = self.get(by_digest["delivery"]["S"]) if by_digest else None
        if first is None:
            raise ServiceTrouble(
                f"could not write delivery {delivery.id}: another was being written; try again"
            )
        return first


def _item(delivery: StoredDelivery, due_at: datetime | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"body": delivery.model_dump_json(), EXPIRE_AT: _end(delivery)}
    if due_at is not None:
        fields |= {"open_pk": OPEN, "due_at": stamp(due_at)}
    return _key(delivery.id) | encode_item(fields)


def _read(item: Any) -> StoredDelivery:
    return StoredDelivery.model_validate_json(item["body"]["S"])


def _end(delivery: StoredDelivery) -> int:
    return in_seconds(delivery.received_at + KEPT)


def _key(delivery_id: str) -> dict[str, Any]:
    return {"pk": encode(f"{PREFIX}{delivery_id}"), "sk": encode("delivery")}


def _digest_key(digest: str) -> dict[str, Any]:
    return {"pk": encode(f"{PREFIX}{digest}"), "sk": encode("digest")}
