"""What RegisterTaskDefinition refuses.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.ecs_server.errors import client_error, invalid

_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")
_IMAGE = re.compile(r"[A-Za-z0-9/:._#@-]{1,255}\Z")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+\Z")
_SECRET = re.compile(r"(arn:aws[a-z-]*:secretsmanager:\S+|[A-Za-z0-9/_+=.@-]{1,512})\Z")
_GIB = 1024
# Written apart from the service's own table, so that a slip in one shows.
_FARGATE = {
    "256": (512, 1024, 2048),
    "512": (1024, 2048, 3072, 4096),
    "1024": tuple(range(2 * _GIB, 9 * _GIB, _GIB)),
    "2048": tuple(range(4 * _GIB, 17 * _GIB, _GIB)),
    "4096": tuple(range(8 * _GIB, 31 * _GIB, _GIB)),
    "8192": tuple(range(16 * _GIB, 61 * _GIB, 4 * _GIB)),
    "16384": tuple(range(32 * _GIB, 121 * _GIB, 8 * _GIB)),
}
_CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
_NOT_ON_FARGATE = ("privileged", "links", "disableNetworking", "dnsServers", "extraHosts")


def check_definition(definition: Mapping[str, Any]) -> None:
    """Raise the error that ECS gives for a Fargate task definition, if it gives one."""
    if not _FAMILY.match(definition.get("family", "")):
        raise client_error("Family must have 1 to 255 letters, numbers, underscores and hyphens.")
    cpu, memory = definition.get("cpu", ""), definition.get("memory", "")
    if not str(memory).isdigit() or int(memory) not in _FARGATE.get(cpu, ()):
        raise client_error(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See "
            "the Amazon ECS documentation for the valid values."
        )
    if definition.get("networkMode") != "awsvpc":
        raise client_error("Fargate only supports network mode awsvpc.")
    containers = definition.get("containerDefinitions") or []
    names = [container.get("name") for container in containers]
    if not containers or len(set(names)) != len(names):
        raise client_error("Container names must be there and be unique.")
    if not any(container.get("essential", True) for container in containers):
        raise client_error("A task definition must have at least one essential container.")
    reserved = sum(c.get("memory") or c.get("memoryReservation") or 0 for c in containers)
    if reserved > int(memory):
        raise client_error("Invalid setting for container. The memory of all exceeds the task's.")
    for field in ("executionRoleArn", "taskRoleArn"):
        if field in definition and not _ROLE.match(definition[field]):
            raise client_error("Role is not valid")
    volumes = {volume["name"] for volume in definition.get("volumes") or []}
    for container in containers:
        _check_container(container, containers, volumes, logs_role="executionRoleArn" in definition)


def _check_container(
    container: Mapping[str, Any],
    containers: list[Mapping[str, Any]],
    volumes: set[str],
    *,
    logs_role: bool,
) -> None:
    name = container["name"]
    if not _IMAGE.match(container.get("image") or ""):
        raise client_error(f"Container.image contains invalid characters: {name}.")
    timeout = container.get("stopTimeout", 30)
    if not 2 <= timeout <= 120:
        raise client_error("Invalid 'stopTimeout' setting: it must be 2 to 120 seconds on Fargate.")
    for refused in _NOT_ON_FARGATE:
        if container.get(refused):
            raise client_error(f"Fargate does not support '{refused}'.")
    for mount in container.get("mountPoints") or []:
        if mount.get("sourceVolume") not in volumes:
            raise client_error(f"Unknown volume '{mount.get('sourceVolume')}'.")
    _check_credentials(container.get("repositoryCredentials"), pulls_role=logs_role)
    _check_dependencies(container, containers)
    _check_log(container.get("logConfiguration"), logs_role=logs_role)
    for variable in container.get("environment") or []:
        if set(variable) != {"name", "value"}:
            raise invalid("An environment variable has a name and a value.")


def _check_dependencies(container: Mapping[str, Any], containers: list[Mapping[str, Any]]) -> None:
    essential = {other["name"]: other.get("essential", True) for other in containers}
    for dependency in container.get("dependsOn") or []:
        other, condition = dependency.get("containerName"), dependency.get("condition")
        if other not in essential or other == container["name"] or condition not in _CONDITIONS:
            raise client_error(f"Invalid dependency of container {container['name']}.")
        if condition in ("SUCCESS", "COMPLETE") and essential[other]:
            raise client_error(f"A container that others wait to end can't be essential: {other}.")


def _check_credentials(credentials: Mapping[str, Any] | None, *, pulls_role: bool) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html"""
    if credentials is None:
        return
    if set(credentials) != {"credentialsParameter"}:
        raise invalid("Unknown parameter in repositoryCredentials")
    if not _SECRET.match(credentials["credentialsParameter"]):
        raise client_error("The repository credentials parameter is not a secret's name or ARN.")
    if not pulls_role:
        raise client_error(
            "Fargate requires task definition to have execution role ARN to support private "
            "registry authentication."
        )


def _check_log(logging: Mapping[str, Any] | None, *, logs_role: bool) -> None:
    if not logging:
        return
    if logging.get("logDriver") not in ("awslogs", "splunk", "awsfirelens"):
        raise client_error("Log driver is not supported on Fargate.")
    if not logs_role:
        raise client_error(
            "Fargate requires task definition to have execution role ARN to support log driver "
            "awslogs."
        )
