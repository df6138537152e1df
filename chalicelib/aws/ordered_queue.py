"""FIFO queues in SQS: of deliveries and of notices. A message is an id or two, and nothing else."""

from __future__ import annotations

import hashlib

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls


class SqsOrderedQueue:
    """``build_ports.OrderedQueue`` over one FIFO queue.

    Groups and what is unique go as digests, as SQS takes 128 characters of some kinds only:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """

    def __init__(self, clients: AwsClients, queue_url: str) -> None:
        self._clients = clients
        self._url = queue_url

    def send(self, body: str, *, group: str, unique: str) -> None:
        with service_calls(f"put {body} on {self._url.rpartition('/')[2]}"):
            self._clients.sqs().send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageGroupId=_digest(group),
                MessageDeduplicationId=_digest(unique),
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
