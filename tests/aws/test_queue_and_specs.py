"""The launch queue carries ids alone; large specs go to the bucket."""

from __future__ import annotations

import json

import pytest

from chalicelib.aws.queue import SqsJobQueue
from chalicelib.aws.specs import S3SpecStore
from chalicelib.ports import ServiceTrouble
from tests.aws.world import World


def test_a_message_is_the_id_and_nothing_else(world: World) -> None:
    queue = SqsJobQueue(world.clients, world.queue_url)
    world.count()
    queue.send("job1")
    assert world.count() == {"SendMessage": 1}
    (message,) = world.clients.sqs().receive_message(QueueUrl=world.queue_url)["Messages"]
    assert message["Body"] == "job1"


@pytest.mark.parametrize("delay", [30, 900, 5000])
def test_a_delayed_message_is_not_there_at_once(world: World, delay: int) -> None:
    SqsJobQueue(world.clients, world.queue_url).send("job1", delay_s=delay)
    received = world.clients.sqs().receive_message(QueueUrl=world.queue_url)
    assert received.get("Messages", []) == []
    counted = world.clients.sqs().get_queue_attributes(
        QueueUrl=world.queue_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert counted["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def test_poison_goes_to_the_dead_letter_queue(world: World) -> None:
    attributes = world.clients.sqs().get_queue_attributes(
        QueueUrl=world.queue_url, AttributeNames=["RedrivePolicy"]
    )
    policy = json.loads(attributes["Attributes"]["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith("-dead")


def test_a_missing_queue_is_trouble_that_repeating_does_not_mend(world: World) -> None:
    with pytest.raises(ServiceTrouble, match="put job job1 on the launch queue") as trouble:
        SqsJobQueue(world.clients, world.queue_url + "x").send("job1")
    assert not trouble.value.retryable


def test_a_spec_comes_back_by_its_key(world: World) -> None:
    specs = S3SpecStore(world.clients, world.bucket)
    key = specs.put("job1", '{"script": "naïve ☃"}')
    assert key == "specs/job1.json"
    assert specs.put("job1", '{"script": "naïve ☃"}') == key
    assert specs.get(key) == '{"script": "naïve ☃"}'
    with pytest.raises(ServiceTrouble, match="specs/none"):
        specs.get("specs/none.json")
