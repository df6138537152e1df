"""What pages somebody: the deployed alarms, from what went wrong to a message of the topic."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from tests.conftest import Registry
from tests.deployed.driver import MARKS, STAGE, Deployment
from tests.deployed.emulator import ACCOUNT, REGION

pytestmark = MARKS
WITHIN_S = 60
T = TypeVar("T")


class Pager:
    """Subscribed to the alarms' topic, as an operator's tool is: by a queue."""

    def __init__(self, deployment: Deployment) -> None:
        self._sqs = deployment.emulator.client("sqs")
        self._sns = deployment.emulator.client("sns")
        topic = deployment.resource("AlarmTopic")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:pager"
        self.queue = self._sqs.create_queue(
            QueueName="pager", Attributes={"Policy": json.dumps(_open_to(topic, arn))}
        )["QueueUrl"]
        self.subscription = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        self.messages: list[dict[str, Any]] = []

    def close(self) -> None:
        self._sns.unsubscribe(SubscriptionArn=self.subscription)
        self._sqs.delete_queue(QueueUrl=self.queue)

    def rings(self, alarm: str) -> dict[str, Any]:
        """The message that this alarm went off, once it came."""

        def found() -> dict[str, Any] | None:
            self._receive()
            states = ((m["AlarmName"], m["NewStateValue"]) for m in self.messages)
            wanted = (f"towline-{STAGE}-{alarm}", "ALARM")
            return next((m for m, state in zip(self.messages, states, strict=True)
                         if state == wanted), None)  # fmt: skip

        return awaited(found, f"the alarm {alarm} did not go off; there came {self.messages}")

    def _receive(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for message in answer.get("Messages", []):
            self.messages.append(json.loads(json.loads(message["Body"])["Message"]))
            self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


def _open_to(topic: str, queue: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def awaited(found: Callable[[], T | None], complaint: str) -> T:
    deadline = time.monotonic() + WITHIN_S
    while (value := found()) is None:
        assert time.monotonic() < deadline, f"{complaint} (within {WITHIN_S} s)"
    return value


@pytest.fixture
def pager(deployment: Deployment) -> Iterator[Pager]:
    made = Pager(deployment)
    yield made
    made.close()


def test_a_poison_message_ends_in_the_dead_letter_queue_and_pages(
    deployment: Deployment, pager: Pager
) -> None:
    sqs = deployment.emulator.client("sqs")
    queue, dead = deployment.resource("LaunchQueue"), deployment.resource("LaunchDeadLetters")
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    # Six minutes as deployed: five deliveries would take half an hour.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    try:
        sqs.send_message(QueueUrl=queue, MessageBody="poison")
        good = deployment.enqueue("true")

        def buried() -> Any:
            answer = sqs.receive_message(
                QueueUrl=dead, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=0
            )
            return answer.get("Messages") or None

        [message] = awaited(buried, "no message came to the dead-letter queue")
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=before["Attributes"])
    assert message["Body"] == "poison"
    paged = pager.rings("launch-dead-letters")
    assert "docs/operations.md#launch-dead-letters" in paged["AlarmDescription"]
    # The jobs beside it are launched as if it were not there.
    job = deployment.finished(good)
    assert job["verdict"] == "passed", job
    sqs.purge_queue(QueueUrl=dead)


def test_a_users_missing_image_pages_nobody_and_the_runners_does(
    deployment: Deployment, pager: Pager, registry: Registry
) -> None:
    cloudwatch = deployment.emulator.client("cloudwatch")
    alarms = [f"towline-{STAGE}-runner-pull-{what}" for what in ("failures", "events")]

    def gone_off() -> set[str]:
        # Asking makes the emulator look at its alarms, so there is nothing to wait for.
        shown = cloudwatch.describe_alarms(AlarmNames=alarms)["MetricAlarms"]
        return {alarm["AlarmName"] for alarm in shown if alarm["StateValue"] == "ALARM"}

    missing = deployment.enqueue("true", "--image", f"{registry.address}/deployed/nothing:here")
    assert deployment.finished(missing)["cause"] == "image_missing"
    assert '"subject":"job"' in deployment.functions_output()
    assert gone_off() == set()

    ecr = deployment.emulator.client("ecr")
    repository = deployment.data("RunnerRepositoryUri").partition("/")[2]
    images = ecr.list_images(repositoryName=repository)["imageIds"]
    assert not ecr.batch_delete_image(repositoryName=repository, imageIds=images)["failures"]
    job = deployment.finished(deployment.enqueue("true"))
    assert (job["verdict"], job["cause"]) == ("errored", "runner_image_missing"), job
    for alarm in ("runner-pull-failures", "runner-pull-events"):
        paged = pager.rings(alarm)
        assert f"docs/operations.md#{alarm}" in paged["AlarmDescription"]
    assert gone_off() == set(alarms)

    # What the runbook says: deploy again, which pushes the image that is missing.
    deployment.deploy()
    assert deployment.finished(deployment.enqueue("true"))["verdict"] == "passed"
