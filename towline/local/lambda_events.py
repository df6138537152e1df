"""The events that AWS calls the app's functions with, as local mode makes them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

ACCOUNT = "000000000000"
REGION = "us-east-1"


def scheduled(now: datetime) -> dict[str, Any]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html"""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/towline-local"],
        "detail": {},
    }


def sqs_batch(messages: list[Any], queue: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def table_change(
    table: str, key: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any] | None
) -> dict[str, Any]:
    """One record of a table's stream, old and new image.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    kind = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    number = str(uuid.uuid4().int)
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/local",
        "dynamodb": {
            "Keys": key,
            "SequenceNumber": number,
            "SizeBytes": 0,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **{name: image for name, image in images.items() if image is not None},
        },
    }
