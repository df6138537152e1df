"""AWS in this process: reached by its own clients alone, and conditional writes are one step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.aws.clients import AwsClients, AwsCredentials
from towline.local.embedded_aws import REGION, EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    account = EmbeddedAws()
    yield account
    account.close()


def clients(aws: EmbeddedAws) -> AwsClients:
    return AwsClients(
        region=REGION, credentials=AwsCredentials("id", "secret"), session=aws.session()
    )


def make_table(aws: EmbeddedAws, name: str) -> Any:
    dynamodb = clients(aws).dynamodb()
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def test_every_kind_of_attribute_comes_back_as_it_was_put(aws: EmbeddedAws) -> None:
    dynamodb = make_table(aws, "kinds")
    item = {
        "pk": {"S": "é"},
        "number": {"N": "12.5"},
        "truth": {"BOOL": True},
        "nothing": {"NULL": True},
        "set": {"SS": ["a", "b"]},
        "list": {"L": [{"N": "1"}, {"M": {"deep": {"S": ""}}}]},
        "map": {"M": {"S": {"S": "a name like a type"}, "empty": {"M": {}}}},
    }
    dynamodb.put_item(TableName="kinds", Item=item)
    key = {"pk": {"S": "é"}}
    assert dynamodb.get_item(TableName="kinds", Key=key)["Item"] == item
    changed = dynamodb.update_item(
        TableName="kinds",
        Key=key,
        UpdateExpression="SET #m.#k = :v",
        ExpressionAttributeNames={"#m": "map", "#k": "new"},
        ExpressionAttributeValues={":v": {"L": [{"S": "x"}]}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert changed["map"]["M"]["new"] == {"L": [{"S": "x"}]}
    assert dynamodb.query(
        TableName="kinds",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": key["pk"]},
    )["Items"] == [changed]


def test_of_many_conditional_writes_at_once_exactly_one_holds(aws: EmbeddedAws) -> None:
    dynamodb = make_table(aws, "races")

    def take(number: int) -> bool:
        try:
            dynamodb.update_item(
                TableName="races",
                Key={"pk": {"S": "job"}},
                UpdateExpression="SET taken = :n",
                ConditionExpression="attribute_not_exists(taken)",
                ExpressionAttributeValues={":n": {"N": str(number)}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads change places in the middle of everything
    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, range(40))) == 1
    finally:
        sys.setswitchinterval(before)


def test_requests_are_counted_and_told(aws: EmbeddedAws) -> None:
    heard: list[str] = []
    aws.on("sqs", "SendMessage", lambda: heard.append("sent"))
    sqs = clients(aws).sqs()
    url = sqs.create_queue(QueueName="counted")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.receive_message(QueueUrl=url)
    assert heard == ["sent"]
    assert aws.counts["sqs", "SendMessage"] == 1
    assert aws.counts["sqs", "ReceiveMessage"] == 1


def test_secrets_do_not_load_all_of_ec2() -> None:
    program = (
        "import sys\n"
        "from towline.local.embedded_aws import EmbeddedAws\n"
        "EmbeddedAws().preload('dynamodb', 's3', 'sqs', 'ssm')\n"
        "print('moto.ec2' in sys.modules)\n"
        "import moto.ec2; print(len(dir(moto.ec2.ec2_backends)) > 1)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert answer.stdout.split() == ["False", "True"], answer.stderr


def test_nothing_ever_goes_to_the_real_aws(aws: EmbeddedAws) -> None:
    sqs = clients(aws).sqs()
    with pytest.raises(LookupError, match="nothing at"):
        aws._handler("sqs", "https://example.org/")
    aws.close()
    with pytest.raises(RuntimeError, match="closed"):
        sqs.list_queues()


def test_the_users_own_aws_configuration_is_not_read(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert "QueueUrls" not in clients(aws).sqs().list_queues(QueueNamePrefix="none-like-this")
