"""Metrics and alarms: figures out of log lines, figures of queues, alarms that look at dimensions.

MiniStack leaves embedded metric lines in the log, measures no queue and no rule, and lets an alarm
on one dimension go off by figures of another; it looks at alarms only when CloudWatch is asked
something. Missing data changes no state here: no alarm goes off by silence.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, eventbridge, lambda_svc, sqs

EVERY_S = 1.0

_original_logs = lambda_svc._emit_lambda_logs
_original_evaluation = cloudwatch._evaluate_alarm
_original_match = eventbridge._matches_pattern_view


def bridge() -> None:
    lambda_svc._emit_lambda_logs = _logs_with_figures
    cloudwatch._evaluate_alarm = _evaluate
    eventbridge._matches_pattern_view = _counted_match
    threading.Thread(target=_watch, name="bridge-figures", daemon=True).start()


def _logs_with_figures(
    func: Any, request_id: str, log_text: str, *rest: Any, **options: Any
) -> None:
    _original_logs(func, request_id, log_text, *rest, **options)
    for line in (log_text or "").splitlines():
        for namespace, name, value, unit, dimensions in embedded_figures(line):
            cloudwatch.record_metric(namespace, name, value, unit, dimensions)


def embedded_figures(line: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """What a log line in embedded metric format says: namespace, name, value, unit, dimensions.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if '"_aws"' not in line:
        return
    try:
        found = json.loads(line)
        directives = found["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(found[name]) for name in names}
            for metric in directive["Metrics"]:
                value = found[metric["Name"]]
                for one in value if isinstance(value, list) else [value]:
                    unit = metric.get("Unit", "None")
                    yield directive["Namespace"], metric["Name"], float(one), unit, dimensions


def _counted_match(pattern: Any, view: Any, whose: str) -> bool:
    """Rules are asked by their key, as ``rule <key>``; archives ask by this, too."""
    matches: bool = _original_match(pattern, view, whose)
    rule = eventbridge._rules.get(whose.removeprefix("rule ")) if matches else None
    if rule:
        dimensions = {"RuleName": rule["Name"]}
        cloudwatch.record_metric("AWS/Events", "TriggeredRules", 1, "Count", dimensions)
    return matches


def _watch() -> None:
    while True:
        time.sleep(EVERY_S)
        for (account, region), names in _queues_by_scope().items():
            with request_scope(account, region):
                for name, figures in names.items():
                    for figure, value in figures.items():
                        cloudwatch.record_metric(
                            "AWS/SQS", figure, value, "None", {"QueueName": name}
                        )
                cloudwatch._evaluate_all_alarms()


def _queues_by_scope() -> dict[tuple[str, str], dict[str, dict[str, float]]]:
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    now = time.time()
    for key, queue in sqs._queues.all_items():
        messages = list(queue["messages"])
        visible = [m for m in messages if m["visible_at"] <= now]
        oldest = min((m["sent_at"] for m in messages), default=now)
        found.setdefault((key[0], key[1]), {})[queue["name"]] = {
            "ApproximateNumberOfMessagesVisible": len(visible),
            "ApproximateAgeOfOldestMessage": now - oldest,
        }
    return found


def _evaluate(alarm: dict[str, Any]) -> None:
    """MiniStack's own evaluation, of the figures that have the alarm's dimensions."""
    wanted = {d["Name"]: d["Value"] for d in alarm.get("Dimensions") or []}
    own = cloudwatch._dims_key(wanted)
    everything = cloudwatch._metrics
    only = {key: points for key, points in everything.items() if key[2] == own}
    cloudwatch._metrics = only
    try:
        _original_evaluation(alarm)
    finally:
        cloudwatch._metrics = everything
