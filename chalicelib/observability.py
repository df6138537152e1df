"""Logs and metrics as Lambda wants them: JSON lines with the job's id, figures in CloudWatch's
embedded metric format. Off Lambda nothing is set up and the standard ``logging`` applies."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from chalicelib.usecases.context import current_job

SERVICE = "towline"
NAMESPACE = "Towline"

METRICS: Mapping[str, tuple[str, ...]] = {
    "JobsSubmitted": (),
    "JobsFinished": ("verdict", "cause"),
    "AttemptsRetried": ("cause",),
    "CancelsRequested": (),
    "ClaimsRefused": ("reason",),
    "LeasesRefused": (),
    "LaunchesPutOff": ("certain",),
    "LaunchesTroubled": (),
    "MessagesPoisoned": (),
    "OrphansStopped": (),
    "ReaperRepairs": (),
    "ReaperTroubled": (),
    "RequestsRefused": ("reason",),
    "SendFailed": (),
}
"""Every figure and its dimensions. Each dimension's values are words of a closed set, as each
combination is a metric of its own that is paid for."""

_WORD = re.compile(r"[a-z0-9_]{1,40}\Z")
_request: ContextVar[str | None] = ContextVar("towline_request", default=None)

log = logging.getLogger(SERVICE)


class NamesTheJob(logging.Filter):
    """Adds to each line the job that it is about and the request that wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "job"):
            record.job = current_job()
        record.request = _request.get()
        return True


def on_lambda(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a Lambda function."""
    return "AWS_LAMBDA_FUNCTION_NAME" in environ


def start_logging(level: str = "INFO") -> None:
    """Write the service's log lines to standard output as JSON. May be repeated."""
    from aws_lambda_powertools import Logger

    logger = Logger(service=SERVICE, level=level)
    handler = logger.registered_handler
    if not any(isinstance(known, NamesTheJob) for known in handler.filters):
        handler.addFilter(NamesTheJob())


@contextmanager
def invocation(context: Any) -> Iterator[None]:
    """Name the Lambda request, by its context, that the block's log lines belong to."""
    token = _request.set(getattr(context, "aws_request_id", None))
    try:
        yield
    finally:
        _request.reset(token)


class EmbeddedMetrics:
    """``ports.Meter``: one line of embedded metric format for each count."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Write the figure. One that is not in ``METRICS`` is logged and dropped."""
        if tuple(dimensions) != METRICS.get(name) or not all(map(_WORD.match, dimensions.values())):
            log.error("metric %s with %s is not one of METRICS", name, dimensions)
            return
        from aws_lambda_powertools.metrics import MetricUnit, single_metric

        try:
            with single_metric(
                name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE
            ) as metric:
                metric.add_dimension(name="stage", value=self._stage)
                for dimension, word in dimensions.items():
                    metric.add_dimension(name=dimension, value=word)
        except Exception:
            # A figure that is lost harms no job.
            log.exception("metric %s was not written", name)
