"""What is due: a partition of the index of open items, oldest first."""

from __future__ import annotations

from datetime import datetime

from chalicelib.aws.attribute_values import encode
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls
from chalicelib.aws.job_items import OPEN_INDEX
from chalicelib.domain.model import stamp


def due_keys(
    clients: AwsClients, table: str, partition: str, now: datetime, limit: int
) -> list[str]:
    """Partition keys of the items whose time has come. One Query; may be a moment old."""
    with service_calls(f"look for what is due in {partition}"):
        answer = clients.dynamodb().query(
            TableName=table,
            IndexName=OPEN_INDEX,
            KeyConditionExpression="open_pk = :pk AND due_at <= :now",
            ExpressionAttributeValues={":pk": encode(partition), ":now": encode(stamp(now))},
            Limit=limit,
        )
    return [item["pk"]["S"] for item in answer["Items"]]
