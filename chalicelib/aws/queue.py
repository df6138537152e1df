"""The launch queue in SQS. A message is a job's id and nothing else."""

from __future__ import annotations

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls

MAX_DELAY_S = 900
"""The longest delay that SQS takes."""


class SqsJobQueue:
    """``ports.JobQueue`` over one standard queue: at least once, in no certain order."""

    def __init__(self, clients: AwsClients, queue_url: str) -> None:
        self._clients = clients
        self._url = queue_url

    def send(self, job_id: str, *, delay_s: int = 0) -> None:
        """Put the id on the queue in one request; a longer delay than 900 s is cut to that."""
        with service_calls(f"put job {job_id} on the launch queue"):
            self._clients.sqs().send_message(
                QueueUrl=self._url,
                MessageBody=job_id,
                DelaySeconds=max(0, min(delay_s, MAX_DELAY_S)),
            )
