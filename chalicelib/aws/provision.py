"""The resources as local mode and the tests make them. A deployment has them from its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.job_items import ALL_INDEX, OPEN_INDEX, PROJECT_INDEX

if TYPE_CHECKING:
    from chalicelib.settings import Settings

FIFO = ".fifo"
VISIBILITY_S = 180
ORDERED_VISIBILITY_S = 360
"""As in the template: a little longer than the functions of builds may take."""
MAX_RECEIVES = 5
"""Deliveries of one message before it is poison and goes to the dead-letter queue."""


def create_resources(clients: AwsClients, settings: Settings) -> None:
    """Make table, bucket, queue with dead-letter queue, and cluster, each if it is not there.

    The queue's name is the last part of ``settings.queue_url``. May be repeated.
    """
    create_table(clients, settings.table)
    create_bucket(clients, settings.bucket)
    create_queue(clients, settings.queue_url.rstrip("/").rpartition("/")[2])
    for url in (settings.builds_queue_url, settings.notices_queue_url):
        if url:
            create_queue(clients, url.rstrip("/").rpartition("/")[2])
    if settings.cluster:
        clients.ecs().create_cluster(clusterName=settings.cluster)


def create_table(clients: AwsClients, table: str) -> None:
    """Make the one table with its three indexes."""
    dynamodb = clients.dynamodb()
    try:
        dynamodb.create_table(TableName=table, **table_definition())
    except dynamodb.exceptions.ResourceInUseException:
        return
    dynamodb.get_waiter("table_exists").wait(TableName=table)


def table_definition() -> dict[str, Any]:
    """The table's keys and indexes, as CreateTable takes them."""
    text = ("pk", "sk", "open_pk", "due_at", "project", "id", "list_pk")
    listed = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["state", "verdict"]}
    return {
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in text],
        "KeySchema": _keys("pk", "sk"),
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": OPEN_INDEX,
                "KeySchema": _keys("open_pk", "due_at"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": PROJECT_INDEX,
                "KeySchema": _keys("project", "id"),
                "Projection": listed,
            },
            {
                "IndexName": ALL_INDEX,
                "KeySchema": _keys("list_pk", "id"),
                "Projection": listed,
            },
        ],
    }


def create_bucket(clients: AwsClients, bucket: str) -> None:
    s3 = clients.s3()
    where: Any = {}
    # us-east-1 is the one region that must not be named here.
    if clients.region != "us-east-1":
        where = {"CreateBucketConfiguration": {"LocationConstraint": clients.region}}
    try:
        s3.create_bucket(Bucket=bucket, **where)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        return


def create_queue(clients: AwsClients, name: str) -> str:
    """Make a queue and its dead-letter queue ``<name>-dead``; the queue's address.

    A name that ends with ``.fifo`` makes FIFO queues, whose groups are apart from each other.
    """
    sqs = clients.sqs()
    stem, ordered = name.removesuffix(FIFO), name.endswith(FIFO)
    dead_name = f"{stem}-dead{FIFO if ordered else ''}"
    kind: Any = {"FifoQueue": "true"} if ordered else {}
    dead_url = sqs.create_queue(QueueName=dead_name, Attributes=kind)["QueueUrl"]
    wanted: Any = ["QueueArn"]
    dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=wanted)
    arn = dead["Attributes"]["QueueArn"]
    if ordered:
        kind = {
            **kind,
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }
    attributes: Any = {
        **kind,
        "VisibilityTimeout": str(ORDERED_VISIBILITY_S if ordered else VISIBILITY_S),
        "RedrivePolicy": f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"{MAX_RECEIVES}"}}',
    }
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
