"""The table's changes to a function, as its stream and Lambda's mapping bring them.

moto has streams too, but it keeps every record for ever and copies all of them at each transaction,
and a cancelled transaction's records are seen by whoever reads meanwhile. So the items that were
written are read here instead: a record has an item's newest state and the one that was seen before
it. Changes that come in quick succession may be one record; what a stream of DynamoDB never loses,
the last state, is never lost here either.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from towline.local.lambda_events import table_change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 10
RETRY_S = 1.0

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], Any]
"""The app's stream handler: it answers from which record on it failed."""
Key = tuple[str, str]
Item = dict[str, Any]


class StreamPump:
    """Give ``wrote`` every request to DynamoDB; the handler is called on a thread of the pump.

    ``wanted`` is the mapping's filter: of an item's newest state. It must go by what an item has
    from the time that it is put, as updates of one that was put unwanted are not looked at.
    Records that failed come again until they don't, the later states of their items with them.
    """

    def __init__(
        self,
        dynamodb: Callable[[], DynamoDBClient],
        table: str,
        handler: Handler,
        *,
        wanted: Callable[[Item], bool],
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._handler = handler
        self._wanted = wanted
        self._written: dict[Key, None] = {}
        self._seen: dict[Key, Item] = {}
        self._unwanted: set[Key] = set()
        self._change = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="towline-stream", daemon=True)
        self._thread.start()

    def wrote(self, operation: str, body: bytes) -> None:
        """A request had its effect. Only those that write an item of the table matter."""
        keys = []
        for key, put in _writes(self._table, operation, body):
            if put is not None:
                (self._unwanted.discard if self._wanted(put) else self._unwanted.add)(key)
            if key not in self._unwanted:
                keys.append(key)
        if keys:
            self._note(keys)

    def close(self) -> None:
        """Hand on what was written before, and stop. May be repeated."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join()

    def _note(self, keys: list[Key]) -> None:
        with self._change:
            self._written.update(dict.fromkeys(keys))
            self._change.notify_all()

    def _run(self) -> None:
        while keys := self._take():
            failed = keys
            try:
                failed = self._hand_on(keys)
            except Exception:
                log.exception("changes of the table could not be handed on; they are tried again")
            if failed:
                self._note(failed)
                with self._change:
                    if self._closing:
                        return
                    self._change.wait_for(lambda: self._closing, RETRY_S)

    def _take(self) -> list[Key]:
        with self._change:
            self._change.wait_for(lambda: self._written or self._closing)
            keys = list(self._written)[:BATCH]
            for key in keys:
                del self._written[key]
            return keys

    def _hand_on(self, keys: list[Key]) -> list[Key]:
        """Call the handler; the keys that are to come again."""
        states = [(key, state) for key in keys if (state := self._newer(key)) is not None]
        records = [
            table_change(self._table, _key(key), self._seen.get(key), state)
            for key, state in states
        ]
        if not records:
            return []
        answer = self._handler({"Records": records}) or {}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        # The first one that failed, and all after it, come again:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        failed = [item["itemIdentifier"] for item in answer.get("batchItemFailures", [])]
        good = min((numbers.index(number) for number in failed), default=len(records))
        self._seen.update(states[:good])
        return [key for key, _ in states[good:]]

    def _newer(self, key: Key) -> Item | None:
        """The item's state, if it is wanted and not the one that was handed on last."""
        answer = self._dynamodb().get_item(
            TableName=self._table, Key=_key(key), ConsistentRead=True
        )
        state = answer.get("Item")
        if state is None or state == self._seen.get(key) or not self._wanted(state):
            return None
        return dict(state)


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _writes(table: str, operation: str, body: bytes) -> Iterator[tuple[Key, Item | None]]:
    """The items of this table that the request wrote: key, and all of an item that was put."""
    if operation not in ("PutItem", "UpdateItem", "TransactWriteItems"):
        return  # what is deleted is of no interest, and nothing else writes
    asked: Mapping[str, Any] = json.loads(body)
    parts = [asked]
    if operation == "TransactWriteItems":
        parts = [part for item in asked["TransactItems"] for part in item.values()]
    for part in parts:
        put = part.get("Item")
        item = put or part.get("Key") or {}
        if part["TableName"] == table and "pk" in item and "sk" in item:
            yield (item["pk"]["S"], item["sk"]["S"]), put
