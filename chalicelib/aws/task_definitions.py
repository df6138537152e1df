"""Task definitions as values: what RegisterTaskDefinition takes, named by its content. Pure.

Image, entry point, sidecars and log driver can't be overridden by RunTask, so there is one
definition per runner release, job image and shape (and registry credentials and job role, where
there are any); what differs from job to job is in overrides.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from chalicelib.aws.ecs_site import EcsSite
from chalicelib.domain.ecs_event import JOB_CONTAINER
from chalicelib.domain.fargate_shapes import FargateShape
from chalicelib.ports import LaunchRequest

PAYLOAD_CONTAINER = "payload"
FOLDER = "/towline"
"""Where the runner's folder is in its own image, and where a job's own image finds it."""
PAYLOAD_TARGET = "/payload"
VOLUME = "towline"
# The same words as in runner_image/Dockerfile; a test compares them.
RUNNER_COMMAND = (
    f"{FOLDER}/loader", "--inhibit-cache", "--library-path", f"{FOLDER}/lib",
    f"{FOLDER}/bin/python3", "-I", "-S", "-B", f"{FOLDER}/runner/towline_runner/__main__.py",
)  # fmt: skip

STOP_TIMEOUTS_S = (2, 15, 30, 60, 90, 120)
"""A stop timeout is rounded up to one of these, or each grace would need its own definition and
RegisterTaskDefinition allows one a second. Fargate takes 2 to 120 s."""
PAYLOAD_MEMORY_MIB = 64
LOG_BUFFER = "25m"
"""Output that CloudWatch has not taken yet. Non-blocking: beyond it lines are lost there, not in
the job's log, and CloudWatch's trouble never stalls a job."""

_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}


def task_definition(site: EcsSite, request: LaunchRequest, shape: FargateShape) -> dict[str, Any]:
    """The arguments of RegisterTaskDefinition for this request, its family named by content.

    ``pids_limit`` is not in it: Fargate has no such setting, and a task there is alone on its
    machine.
    """
    with_payload = request.image is not None
    containers = [_job(site, request, shape, with_payload=with_payload)]
    if with_payload:
        containers.append(_payload(site, request))
    definition: dict[str, Any] = {
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(shape.cpu),
        "memory": str(shape.memory),
        "runtimePlatform": {
            "cpuArchitecture": _ARCHITECTURES[request.arch],
            "operatingSystemFamily": "LINUX",
        },
        "containerDefinitions": containers,
        "volumes": [{"name": VOLUME}] if with_payload else [],
    }
    if site.execution_role_arn:
        definition["executionRoleArn"] = site.execution_role_arn
    if request.role and request.project in site.job_roles:
        definition["taskRoleArn"] = site.job_roles[request.project]
    return {"family": _family(definition), **definition}


def _job(
    site: EcsSite, request: LaunchRequest, shape: FargateShape, *, with_payload: bool
) -> dict[str, Any]:
    environment = {"TOWLINE_URL": site.runner_url}
    if not site.log_group:
        environment["TOWLINE_CONSOLE"] = "off"
    container: dict[str, Any] = {
        "name": JOB_CONTAINER,
        "image": request.image or request.release,
        "essential": True,
        "entryPoint": list(RUNNER_COMMAND),
        # Without one the image's own command would follow the entry point.
        "command": [],
        "environment": [{"name": n, "value": v} for n, v in sorted(environment.items())],
        "stopTimeout": stop_timeout(request.stop_timeout_s),
        # A reservation, not a limit: the task's memory limits them all.
        "memoryReservation": shape.memory - (PAYLOAD_MEMORY_MIB if with_payload else 0),
        **_log(site),
    }
    if request.registry_credentials is not None:
        # By name, as the secret is in the task's own region:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RepositoryCredentials.html
        secret = site.registry_prefix + request.registry_credentials
        container["repositoryCredentials"] = {"credentialsParameter": secret}
    if request.user is not None:
        # The runner drops to the user itself, which only root can.
        container["user"] = "0"
    if with_payload:
        container["dependsOn"] = [{"containerName": PAYLOAD_CONTAINER, "condition": "SUCCESS"}]
        container["mountPoints"] = [
            {"sourceVolume": VOLUME, "containerPath": FOLDER, "readOnly": True}
        ]
    return container


def _payload(site: EcsSite, request: LaunchRequest) -> dict[str, Any]:
    """Brings the runner's folder into the shared volume, then ends; the job waits for it."""
    return {
        "name": PAYLOAD_CONTAINER,
        "image": request.release,
        "essential": False,
        "entryPoint": ["cp", "-a", f"{FOLDER}/.", PAYLOAD_TARGET],
        "command": [],
        "memoryReservation": PAYLOAD_MEMORY_MIB,
        "mountPoints": [
            {"sourceVolume": VOLUME, "containerPath": PAYLOAD_TARGET, "readOnly": False}
        ],
        **_log(site),
    }


def stop_timeout(seconds: int) -> int:
    """The offered stop timeout that is at least this long, or the longest."""
    return next((offered for offered in STOP_TIMEOUTS_S if offered >= seconds), STOP_TIMEOUTS_S[-1])


def _log(site: EcsSite) -> dict[str, Any]:
    if not site.log_group:
        return {}
    options = {
        "awslogs-group": site.log_group,
        "awslogs-region": site.region,
        "awslogs-stream-prefix": "towline",
        "mode": "non-blocking",
        "max-buffer-size": LOG_BUFFER,
    }
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


def _family(definition: dict[str, Any]) -> str:
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    return f"towline-{hashlib.sha256(text.encode()).hexdigest()[:40]}"
