"""What RunTask refuses.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from tests.fakes.ecs_server.errors import client_error, invalid

MAX_OVERRIDES = 8192
MAX_STARTED_BY = 128
MAX_TOKEN = 64
MAX_COUNT = 10
MAX_SUBNETS = 16
MAX_GROUPS = 5
MAX_TAGS = 50
MAX_PROVIDERS = 20

_STARTED_BY = re.compile(r"[A-Za-z0-9\-/_]*\Z")
_TOKEN = re.compile(r"[\x21-\x7e]+\Z")


def check_run_task(
    parameters: Mapping[str, Any], definition: Mapping[str, Any], providers: Collection[str]
) -> None:
    """Raise the error that ECS gives for these parameters, if it gives one.

    ``providers`` are the cluster's capacity providers.
    """
    count = parameters.get("count", 1)
    if not 1 <= count <= MAX_COUNT:
        raise invalid(f"Tasks count must be between 1 and {MAX_COUNT}")
    _check_words(parameters)
    _check_overrides(parameters.get("overrides") or {}, definition)
    _check_capacity(parameters, providers)
    if "FARGATE" not in definition.get("requiresCompatibilities", []):
        raise invalid("Task definition does not support launch_type FARGATE.")
    if definition.get("networkMode") == "awsvpc":
        _check_network(parameters.get("networkConfiguration"))
    if len(parameters.get("tags") or []) > MAX_TAGS:
        raise invalid(f"The number of tags must be at most {MAX_TAGS}")


def _check_words(parameters: Mapping[str, Any]) -> None:
    started_by = parameters.get("startedBy", "")
    if len(started_by) > MAX_STARTED_BY:
        raise invalid(f"startedBy length must be at most {MAX_STARTED_BY}")
    if not _STARTED_BY.match(started_by):
        raise invalid("startedBy contains invalid characters.")
    token = parameters.get("clientToken")
    if token is not None and (len(token) > MAX_TOKEN or not _TOKEN.match(token)):
        raise invalid(f"clientToken must have 1 to {MAX_TOKEN} printable ASCII characters")


def _check_capacity(parameters: Mapping[str, Any], providers: Collection[str]) -> None:
    """A launch type or a strategy, not both; without either it would be EC2.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
    """
    strategy = parameters.get("capacityProviderStrategy")
    launch_type = parameters.get("launchType")
    if strategy is None:
        if launch_type is None:
            raise invalid("Task definition does not support launch_type EC2.")
        if launch_type != "FARGATE":
            raise client_error("No Container Instances were found in your cluster.")
        return
    if launch_type is not None:
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove "
            "one and try again."
        )
    if not 1 <= len(strategy) <= MAX_PROVIDERS:
        raise invalid("A capacity provider strategy must have 1 to 20 capacity providers.")
    for entry in strategy:
        if set(entry) - {"capacityProvider", "weight", "base"}:
            raise invalid("Unknown parameter in capacityProviderStrategy")
        if entry.get("capacityProvider") not in providers:
            raise invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that "
                "is not associated with the cluster. Associate the capacity provider with the "
                "cluster and try again."
            )
    if not any(entry.get("weight", 0) > 0 for entry in strategy):
        raise invalid("At least one capacity provider must have a weight greater than 0.")


def _check_overrides(overrides: Mapping[str, Any], definition: Mapping[str, Any]) -> None:
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > MAX_OVERRIDES:
        raise invalid(f"Container Overrides length must be at most {MAX_OVERRIDES}")
    names = {container["name"] for container in definition["containerDefinitions"]}
    for container in overrides.get("containerOverrides", []):
        if container.get("name") not in names:
            raise invalid(
                f"Override for container named {container.get('name')} is not a container in the "
                "TaskDefinition."
            )
        for refused in ("image", "entryPoint", "logConfiguration"):
            if refused in container:
                raise invalid(f"Unknown parameter in containerOverrides: {refused}")


def _check_network(configuration: Mapping[str, Any] | None) -> None:
    if not configuration or "awsvpcConfiguration" not in configuration:
        raise invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    network = configuration["awsvpcConfiguration"]
    if not 1 <= len(network.get("subnets") or []) <= MAX_SUBNETS:
        raise invalid("subnets can not be empty.")
    if len(network.get("securityGroups") or []) > MAX_GROUPS:
        raise invalid(f"There is a limit of {MAX_GROUPS} security groups.")
    if network.get("assignPublicIp", "DISABLED") not in ("ENABLED", "DISABLED"):
        raise invalid("assignPublicIp must be ENABLED or DISABLED")
