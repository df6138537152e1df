"""The pump between a queue and its function: at once, in batches, with partial failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.provision import create_queue
from towline.local import queue_pump
from towline.local.embedded_aws import REGION, EmbeddedAws
from towline.local.queue_pump import QueuePump

WAIT_S = 20


class Launcher:
    """Keeps what it was given; the bodies in ``failing`` are reported as failed."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.bodies: list[str] = []
        self.raises = False
        self.during: dict[str, Callable[[], None]] = {}
        """What happens while a message is handled, by its body."""
        self._came = threading.Condition()

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        with self._came:
            self.bodies += [record["body"] for record in event["Records"]]
            self._came.notify_all()
        for record in event["Records"]:
            self.during.pop(record["body"], lambda: None)()
        if self.raises:
            raise RuntimeError("the launcher broke")
        failed = [r["messageId"] for r in event["Records"] if r["body"] in self.failing]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}

    def await_bodies(self, count: int) -> list[str]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.bodies) >= count, WAIT_S)
            return sorted(self.bodies)


class Rig:
    def __init__(self, name: str, batch: int = queue_pump.BATCH) -> None:
        self.aws = EmbeddedAws()
        credentials = AwsCredentials("id", "secret")
        clients = AwsClients(region=REGION, credentials=credentials, session=self.aws.session())
        self.sqs = clients.sqs()
        self.url = create_queue(clients, name)
        self.launcher = Launcher()
        self.pump = QueuePump("launch", lambda: self.sqs, self.url, self.launcher, batch=batch)
        self.aws.watch("sqs", self.pump.asked)

    def send(self, body: str, delay_s: int = 0, group: str = "") -> None:
        if group:
            self.sqs.send_message(
                QueueUrl=self.url,
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=body,
            )
            return
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body, DelaySeconds=delay_s)

    def left(self) -> int:
        """Messages on the queue, seen or not."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(map(int, found["Attributes"].values()))


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = Rig(f"pump-{abs(hash(request.node.name))}")
    yield made
    made.pump.close()
    made.aws.close()


def test_a_sent_message_is_handled_at_once_and_deleted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_pump, "POLL_S", 3600.0)  # only the bell can bring it
    rig.send("warm")
    rig.launcher.await_bodies(1)
    rig.send("job")
    assert rig.launcher.await_bodies(2) == ["job", "warm"]
    rig.pump.close()
    assert rig.left() == 0


def test_many_messages_all_come(rig: Rig) -> None:
    for number in range(35):
        rig.send(f"job{number}")
    assert len(set(rig.launcher.await_bodies(35))) == 35
    rig.pump.close()
    assert rig.left() == 0


def test_only_what_failed_stays_on_the_queue(rig: Rig) -> None:
    rig.launcher.failing = {"bad"}
    for body in ("good", "bad", "fine"):
        rig.send(body)
    rig.launcher.await_bodies(3)
    rig.pump.close()
    assert rig.left() == 1


def test_a_launcher_that_breaks_loses_nothing_and_the_pump_goes_on(rig: Rig) -> None:
    rig.launcher.raises = True
    rig.send("first")
    rig.launcher.await_bodies(1)
    rig.launcher.raises = False
    rig.send("second")
    rig.launcher.await_bodies(2)
    rig.pump.close()
    assert rig.left() == 1


def test_messages_of_another_queue_do_not_ring(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[str] = []
    monkeypatch.setattr(rig.pump, "ring", lambda: rings.append("rung"))
    other = rig.url + "-other"
    rig.sqs.create_queue(QueueName=other.rpartition("/")[2])
    rig.sqs.send_message(QueueUrl=other, MessageBody="theirs")
    assert rings == []
    rig.send("ours")
    assert rings == ["rung"]


def test_what_waits_behind_a_message_of_its_group_comes_as_soon_as_that_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A FIFO queue gives out one of a group at a time, and no bell rings for the others again."""
    monkeypatch.setattr(queue_pump, "POLL_S", 3600.0)
    rig = Rig("pump-groups.fifo", batch=1)
    received = threading.Semaphore(0)
    rig.aws.on("sqs", "ReceiveMessage", received.release)

    def first() -> None:
        rig.send("two", group="g")
        rig.send("three", group="g")
        # The pump asks meanwhile, and is given nothing.
        for _ in range(2):
            rig.pump.ring()
            received.acquire(timeout=WAIT_S)

    rig.launcher.during["one"] = first
    rig.send("one", group="g")
    rig.launcher.await_bodies(3)
    assert rig.launcher.bodies == ["one", "two", "three"]
    rig.pump.close()
    rig.aws.close()


def test_a_delayed_message_comes_without_a_bell(rig: Rig) -> None:
    rig.send("later", delay_s=1)
    assert rig.launcher.await_bodies(1) == ["later"]
