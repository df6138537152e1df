"""SQS to a function, as Lambda's event source mapping does it: batches, partial failures."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from towline.local.lambda_events import sqs_batch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
WORKERS = 4
POLL_S = 1.0
"""Only delayed messages, and ones that come back, wait for it: a sent one rings the bell."""

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], Any]
"""The app's SQS handler: it answers which messages failed."""


class QueuePump:
    """Receives at once when ``ring()`` is called, deletes what the handler did not fail.

    ``name`` is for threads and logs. Of a FIFO queue's group moto gives out nothing while a message
    of it is being worked on, as SQS does.
    """

    def __init__(
        self,
        name: str,
        sqs: Callable[[], SQSClient],
        queue_url: str,
        handler: Handler,
        *,
        batch: int = BATCH,
    ) -> None:
        self._name = name
        self._batch = batch
        self._sqs = sqs
        self._queue_url = queue_url
        self._queue = queue_url.rpartition("/")[2]
        self._handler = handler
        self._bell = threading.Event()
        self._closing = threading.Event()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"towline-{name}")
        self._thread = threading.Thread(target=self._run, name=f"towline-{name}-queue", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """There is a message."""
        self._bell.set()

    def asked(self, operation: str, body: bytes) -> None:
        """A request to SQS had its effect: rings when it sent a message to this queue."""
        if operation == "SendMessage" and json.loads(body).get("QueueUrl") == self._queue_url:
            self.ring()

    def close(self) -> None:
        """Finish the batches under way and stop. May be repeated."""
        self._closing.set()
        self._bell.set()
        self._thread.join()
        self._workers.shutdown(wait=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._bell.wait(POLL_S)
            self._bell.clear()
            try:
                while not self._closing.is_set() and self._receive() == self._batch:
                    continue
            except Exception:
                log.exception("receiving from the %s queue failed; it is tried again", self._name)

    def _receive(self) -> int:
        answer = self._sqs().receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=self._batch,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        if messages:
            self._workers.submit(self._work, messages)
        return len(messages)

    def _work(self, messages: list[Any]) -> None:
        try:
            answer = self._handler(sqs_batch(messages, self._queue)) or {}
            failed = {item["itemIdentifier"] for item in answer.get("batchItemFailures", [])}
            done = [message for message in messages if message["MessageId"] not in failed]
            if done:
                self._sqs().delete_message_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                        for number, message in enumerate(done)
                    ],
                )
        except Exception:
            log.exception(
                "a batch of the %s queue failed; its messages come back later", self._name
            )
        finally:
            if self._queue.endswith(".fifo"):
                # What waited behind it in its group is given out from now on, and nothing else
                # says so.
                self.ring()
