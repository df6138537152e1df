"""Logs and metrics as Lambda wants them: JSON lines with the job's id, figures in CloudWatch's
embedded metric format. Off Lambda nothing is set up and the standard ``logging`` applies."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chalicelib.usecases.context import current_job

SERVICE = "towline"
NAMESPACE = "Towline"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. Each of ``sets`` is a metric of its own, told apart by these dimensions.

    The first set names all the dimensions; the others are sums that alarms need, as a CloudWatch
    alarm can't add up metrics that it does not know by name.
    """

    unit: str = "Count"
    sets: tuple[tuple[str, ...], ...] = ((),)

    @property
    def dimensions(self) -> tuple[str, ...]:
        return self.sets[0]


_SECONDS = Figure("Seconds")

METRICS: Mapping[str, Figure] = {
    "JobsSubmitted": Figure(),
    "JobsFinished": Figure(sets=(("verdict", "cause"), ("verdict",), ())),
    "JobsErrored": Figure(sets=(("fault",),)),
    "JobsOverdue": Figure(),
    "AttemptsRetried": Figure(sets=(("cause",),)),
    "PullFailures": Figure(sets=(("subject",),)),
    "QueueSeconds": _SECONDS,
    "ProvisionSeconds": _SECONDS,
    "PullSeconds": _SECONDS,
    "StartSeconds": _SECONDS,
    "RunSeconds": _SECONDS,
    "JobCostUsd": Figure("None"),
    "CancelsRequested": Figure(),
    "ClaimsRefused": Figure(sets=(("reason",),)),
    "LeasesRefused": Figure(),
    "DeliveriesTaken": Figure(),
    "DeliveriesRefused": Figure(sets=(("reason",),)),
    "DeliveriesPutOff": Figure(),
    "NoticesPutOff": Figure(),
    "NoticesLate": Figure(),
    "GitHubRefused": Figure(sets=(("reason",),)),
    "LaunchesPutOff": Figure(sets=(("reason",),)),
    "LaunchesTroubled": Figure(),
    "MessagesPoisoned": Figure(),
    "OrphansStopped": Figure(),
    "PermitsLate": Figure(),
    "ReaperRepairs": Figure(),
    "ReaperTroubled": Figure(),
    "RequestsRefused": Figure(sets=(("reason",),)),
    "SendFailed": Figure(),
}
"""Every figure (docs/operations.md says what they mean). A dimension's values are words of a closed
set, as each combination is a metric that is paid for."""

_MEASURES = (_SECONDS, METRICS["JobCostUsd"])
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
    """``ports.Meter``: lines of CloudWatch's embedded metric format on standard output.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Write the figure. One that is not in ``METRICS`` is logged and dropped."""
        figure = METRICS.get(name)
        words = all(map(_WORD.match, dimensions.values()))
        if figure is None or tuple(dimensions) != figure.dimensions or not words:
            log.error("metric %s with %s is not one of METRICS", name, dimensions)
            return
        self._write({name: value}, dimensions, figure.sets)

    def measure(self, values: Mapping[str, float]) -> None:
        """Write all of them in one line. Those that are not in ``METRICS`` are dropped."""
        known = {name: value for name, value in values.items() if METRICS.get(name) in _MEASURES}
        if known != dict(values):
            log.error("metrics %s are not all in METRICS", sorted(values))
        if known:
            self._write(known, {}, ((),))

    def _write(
        self,
        values: Mapping[str, float],
        dimensions: Mapping[str, str],
        sets: tuple[tuple[str, ...], ...],
    ) -> None:
        from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
            AmazonCloudWatchEMFProvider,
        )

        words = {"stage": self._stage, **dimensions}
        try:
            # A service of '' keeps the environment from adding a dimension of its own.
            provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
            for name, value in values.items():
                provider.add_metric(name=name, unit=METRICS[name].unit, value=value)
            for name in ("stage", *sets[0]):
                provider.add_dimension(name=name, value=words[name])
            for others in sets[1:]:
                provider.add_dimensions(**{name: words[name] for name in ("stage", *others)})
            provider.flush_metrics()
        except Exception:
            # A figure that is lost harms no job.
            log.exception("metrics %s were not written", sorted(values))
