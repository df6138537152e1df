"""A batch of the launch queue: each message by itself, the poison ones reported as failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from chalicelib.observability import invocation
from chalicelib.usecases.launch_message import PoisonMessage

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher

log = logging.getLogger("towline.launcher")


def take_batch(event: dict[str, Any], context: Any, dispatcher: Dispatcher) -> dict[str, Any]:
    """SQS's partial batch answer, ``{"batchItemFailures": [{"itemIdentifier": ...}]}``.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    # Imported here: a route's cold start has no use for it.
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor,
        EventType,
        process_partial_response,
    )
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    def take(record: SQSRecord) -> None:
        try:
            dispatcher.take_message(record.body)
        except PoisonMessage as poison:
            log.error("poison on the launch queue: %s", poison)
            dispatcher.collaborators.meter.count("MessagesPoisoned")
            raise

    # Powertools raises when all of a batch failed, which Lambda answers by giving all of it again:
    # the same, but counted as a function error.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with invocation(context):
        return dict(
            process_partial_response(
                event=event, record_handler=take, processor=processor, context=context
            )
        )
