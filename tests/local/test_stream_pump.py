"""The table's changes come to the function: each item's last state, with the one seen before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.provision import create_table
from towline.local import stream_pump
from towline.local.embedded_aws import REGION, EmbeddedAws
from towline.local.stream_pump import StreamPump

WAIT_S = 20


class Rig:
    """``records`` is what the function was given; it fails as ``fail`` says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.aws = EmbeddedAws()
        credentials = AwsCredentials("id", "secret")
        clients = AwsClients(region=REGION, credentials=credentials, session=self.aws.session())
        create_table(clients, name)
        create_table(clients, f"{name}-other")
        self.dynamodb = clients.dynamodb()
        self.records: list[dict[str, Any]] = []
        self.fail: Callable[[dict[str, Any]], bool] = lambda _: False
        self.breaks = False
        self._came = threading.Condition()
        self.pump = StreamPump(
            clients.dynamodb, name, self.handle, wanted=lambda item: "build" in item
        )
        self.aws.watch("dynamodb", self.pump.wrote)

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        with self._came:
            self.records += event["Records"]
            self._came.notify_all()
        if self.breaks:
            raise RuntimeError("the function broke")
        failed = [r["dynamodb"]["SequenceNumber"] for r in event["Records"] if self.fail(r)]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed[:1]]}

    def put(self, key: str, version: int, *, table: str = "", build: str | None = "b") -> None:
        item = {"pk": {"S": key}, "sk": {"S": "x"}, "version": {"N": str(version)}}
        if build is not None:
            item["build"] = {"S": build}
        self.dynamodb.put_item(TableName=table or self.name, Item=item)

    def await_state(self, key: str, version: int, times: int = 1) -> list[dict[str, Any]]:
        """All records of the item, once that state has come so many times."""

        def of_item() -> list[dict[str, Any]]:
            return [r for r in self.records if r["dynamodb"]["Keys"]["pk"]["S"] == key]

        def came() -> bool:
            states = [r["dynamodb"]["NewImage"]["version"]["N"] for r in of_item()]
            return states.count(str(version)) >= times

        with self._came:
            assert self._came.wait_for(came, WAIT_S)
            return of_item()


@pytest.fixture
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(stream_pump, "RETRY_S", 0.01)
    made = Rig(f"stream-{abs(hash(request.node.name))}")
    yield made
    made.pump.close()
    made.aws.close()


def test_a_write_comes_with_the_state_before_it(rig: Rig) -> None:
    rig.put("a", 1)
    [first] = rig.await_state("a", 1)
    assert first["eventName"] == "INSERT"
    assert "OldImage" not in first["dynamodb"]
    rig.put("a", 2)
    [_, second] = rig.await_state("a", 2)
    assert second["eventName"] == "MODIFY"
    assert second["dynamodb"]["OldImage"]["version"] == {"N": "1"}


def test_every_kind_of_write_is_seen(rig: Rig) -> None:
    key = {"pk": {"S": "a"}, "sk": {"S": "x"}}
    rig.put("a", 1)
    rig.dynamodb.update_item(
        TableName=rig.name,
        Key=key,
        UpdateExpression="SET version = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
    )
    rig.await_state("a", 2)
    item: Any = {**key, "version": {"N": "3"}, "build": {"S": "b"}}
    rig.dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": rig.name, "Item": item}}]
    )
    rig.await_state("a", 3)


def test_a_cancelled_transaction_is_never_seen(rig: Rig) -> None:
    rig.put("a", 1)
    rig.await_state("a", 1)
    items: Any = [
        {"Put": {"TableName": rig.name, "Item": {"pk": {"S": k}, "sk": {"S": "x"}, **extra}, **on}}
        for k, extra, on in (
            ("b", {"version": {"N": "9"}, "build": {"S": "b"}}, {}),
            ("a", {"version": {"N": "9"}}, {"ConditionExpression": "attribute_not_exists(pk)"}),
        )
    ]
    with pytest.raises(rig.dynamodb.exceptions.TransactionCanceledException):
        rig.dynamodb.transact_write_items(TransactItems=items)
    rig.put("a", 2)
    rig.await_state("a", 2)
    assert [r["dynamodb"]["NewImage"]["version"]["N"] for r in rig.records] == ["1", "2"]


def test_what_the_filter_or_another_table_keeps_back_does_not_come(rig: Rig) -> None:
    rig.put("other", 1, table=f"{rig.name}-other")
    rig.put("plain", 1, build=None)
    rig.put("a", 1)
    rig.await_state("a", 1)
    assert len(rig.records) == 1


def test_updates_of_an_item_that_was_put_unwanted_are_not_even_read(rig: Rig) -> None:
    """Most jobs are of no build; each of their writes would cost a read."""
    rig.put("plain", 1, build=None)
    rig.dynamodb.update_item(
        TableName=rig.name,
        Key={"pk": {"S": "plain"}, "sk": {"S": "x"}},
        UpdateExpression="SET version = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
    )
    rig.put("a", 1)
    rig.await_state("a", 1)
    assert rig.aws.counts["dynamodb", "GetItem"] == 1
    rig.put("plain", 3)
    rig.await_state("plain", 3)


@pytest.mark.parametrize("breaks", [True, False])
def test_what_failed_comes_again_with_the_same_state_before(rig: Rig, breaks: bool) -> None:
    """Whether the function answers that it failed, or breaks."""
    rig.put("a", 1)
    rig.await_state("a", 1)
    rig.breaks, rig.fail = breaks, lambda record: True
    rig.put("a", 2)
    rig.await_state("a", 2, times=2)
    rig.breaks, rig.fail = False, lambda record: False
    rig.put("a", 3)
    last = rig.await_state("a", 3)[-1]
    old = last["dynamodb"]["OldImage"]["version"]["N"]
    assert old in ("1", "2")


def test_what_was_written_before_the_end_is_handed_on(rig: Rig) -> None:
    for number in range(25):
        rig.put(f"item{number}", 1)
    rig.pump.close()
    assert len(rig.records) == 25
