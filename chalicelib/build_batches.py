"""What Lambda's queues and the table's stream bring for builds: each message by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.observability import invocation
from chalicelib.ports import ServiceTrouble

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher

log = logging.getLogger("towline.builds")


def take_deliveries(event: dict[str, Any], context: Any, dispatcher: Dispatcher) -> dict[str, Any]:
    """Messages of the builds queue: SQS's partial batch answer."""
    return _in_order(event, context, lambda record: dispatcher.take_delivery(record["body"]))


def take_notices(event: dict[str, Any], context: Any, dispatcher: Dispatcher) -> dict[str, Any]:
    """Messages of the notices queue: SQS's partial batch answer."""
    return _in_order(event, context, lambda record: dispatcher.notify(record["body"]))


def take_changes(event: dict[str, Any], context: Any, dispatcher: Dispatcher) -> dict[str, Any]:
    """Records of the table's stream. It stops at the first that can't be passed on, from where
    Lambda begins again: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    with invocation(context):
        for record in event.get("Records", ()):
            try:
                dispatcher.pass_on(record)
            except ServiceTrouble as trouble:
                log.warning("the stream is read again from a change on: %s", trouble)
                number = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def _in_order(
    event: dict[str, Any], context: Any, take: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """After a failure all that follow are given back, too, as a FIFO queue's order wants it:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    records = event.get("Records", ())
    with invocation(context):
        for place, record in enumerate(records):
            try:
                take(record)
            except ServiceTrouble as trouble:
                log.warning("message %s comes again: %s", record["messageId"], trouble)
            except Exception:
                # It comes again, and after some times goes to the dead-letter queue.
                log.exception("message %s failed", record["messageId"])
            else:
                continue
            failed = [{"itemIdentifier": each["messageId"]} for each in records[place:]]
            return {"batchItemFailures": failed}
    return {"batchItemFailures": []}
