"""A batch of the launch queue: each message by itself, the poison ones reported as failed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.domain.launch_refusals import PutOff
from chalicelib.observability import invocation
from chalicelib.usecases.launch_message import PoisonMessage

if TYPE_CHECKING:
    from chalicelib.ports import TryLater
    from chalicelib.usecases.dispatcher import Dispatcher

PAUSE_S = 1.0
"""A launcher that is told "later" waits so long before its next message. Without it a dozen idle
launchers ask as fast as they are refused and use up the requests that StopTask shares with RunTask
(``python -m bench`` shows both). Ten refusals in a batch stay far below the function's timeout."""

log = logging.getLogger("towline.launcher")


def pause_after(later: TryLater | None) -> float:
    """Seconds to wait before the next message; only where asking less often helps."""
    return PAUSE_S if later is not None and later.why is not PutOff.OTHER else 0.0


def take_batch(
    event: dict[str, Any],
    context: Any,
    dispatcher: Dispatcher,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
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
            later = dispatcher.take_message(record.body)
        except PoisonMessage as poison:
            log.error("poison on the launch queue: %s", poison)
            dispatcher.collaborators.meter.count("MessagesPoisoned")
            raise
        if seconds := pause_after(later):
            sleep(seconds)

    # Powertools raises when all of a batch failed, which Lambda answers by giving all of it again:
    # the same, but counted as a function error.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with invocation(context):
        return dict(
            process_partial_response(
                event=event, record_handler=take, processor=processor, context=context
            )
        )
