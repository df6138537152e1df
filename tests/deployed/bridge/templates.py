"""CloudFormation that MiniStack does not read.

``Fn::Join`` inside a condition is worked out here. A number given by a parameter stays a text,
which the poller of a queue stumbles over. An alarm on an expression is made, but never goes off:
MiniStack has no metric math.
"""

from __future__ import annotations

import copy
import importlib
from typing import Any

_MODULES = ("engine", "handlers", "changesets", "stacks", "drift", "language_extensions")


def bridge() -> None:
    _bridge_conditions()
    _bridge_expressions()
    _bridge_numbers()


def _bridge_conditions() -> None:
    engine: Any = importlib.import_module("ministack.services.cloudformation.engine")
    original = engine._evaluate_conditions

    def evaluate(template: dict[str, Any], params: dict[str, Any]) -> Any:
        conditions = _joined(copy.deepcopy(template.get("Conditions", {})), params)
        return original({**template, "Conditions": conditions}, params)

    # They have it by name.
    for name in _MODULES:
        module: Any = importlib.import_module(f"ministack.services.cloudformation.{name}")
        if hasattr(module, "_evaluate_conditions"):
            module._evaluate_conditions = evaluate


def _bridge_expressions() -> None:
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    original = provisioners._cw_metric_alarm_record

    def record(name: str, props: dict[str, Any]) -> Any:
        if props.get("Metrics"):
            nothing = {"Namespace": "Bridge", "MetricName": f"expression of {name}"}
            props = {key: value for key, value in props.items() if key != "Metrics"} | nothing
        return original(name, props)

    provisioners._cw_metric_alarm_record = record


def _bridge_numbers() -> None:
    lambdas: Any = importlib.import_module("ministack.services.lambda_svc")
    original = lambdas._sqs_esm_concurrency

    def concurrency(mapping: dict[str, Any], *rest: Any) -> int:
        scaling = mapping.get("ScalingConfig") or {}
        if "MaximumConcurrency" in scaling:
            scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
        return int(original(mapping, *rest))

    lambdas._sqs_esm_concurrency = concurrency


def _joined(node: Any, params: dict[str, Any]) -> Any:
    """``Fn::Join`` of a list parameter, as the text that it is."""
    if isinstance(node, list):
        return [_joined(item, params) for item in node]
    if not isinstance(node, dict):
        return node
    match node.get("Fn::Join"):
        case [str(separator), {"Ref": str(name)}] if name in params:
            return separator.join(str(params[name]["Value"]).split(","))
    return {key: _joined(value, params) for key, value in node.items()}
