"""An EcsBackend that talks to the fake of ECS over HTTP, and requests to try on it."""

from __future__ import annotations

from typing import Any

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.ecs_backend import EcsBackend
from chalicelib.aws.ecs_site import EcsSite
from chalicelib.ports import Launched, LaunchRequest
from tests.fakes.ecs_server import EcsServer

JOB = "01jd0000000000000000000000"
ROLE = "arn:aws:iam::111122223333:role/towline-test-execution"
JOB_ROLE = "arn:aws:iam::111122223333:role/towline-test-job-deploy"
RELEASE = "registry.test/towline-runner@sha256:" + "ab" * 32


def a_site(**changed: Any) -> EcsSite:
    fields: dict[str, Any] = {
        "cluster": "towline",
        "region": "eu-west-1",
        "runner_image": RELEASE,
        "runner_url": "http://127.0.0.1:9",
        "subnets": ("subnet-1", "subnet-2"),
        "security_groups": ("sg-1",),
        "registry_prefix": "towline/test/registry/",
    }
    return EcsSite(**(fields | changed))


def a_backend(endpoint: str, **changed: Any) -> EcsBackend:
    clients = AwsClients(
        region="eu-west-1", endpoint=endpoint, credentials=AwsCredentials("AKTEST", "secret")
    )
    return EcsBackend(clients, a_site(**changed))


def a_request(**changed: Any) -> LaunchRequest:
    fields: dict[str, Any] = {
        "job_id": JOB,
        "attempt": 1,
        "launch_try": 1,
        "token": "1." + "0f" * 32,
        "image": None,
        "release": RELEASE,
        "user": None,
        "cpu": 0.25,
        "memory_mib": 512,
        "arch": "x86_64",
        "stop_timeout_s": 20,
    }
    return LaunchRequest(**(fields | changed))


def the_environment(server: EcsServer) -> dict[str, str]:
    """What the last task's override tells the job container."""
    overrides = server.tasks()[-1].parameters["overrides"]["containerOverrides"]
    (job,) = overrides
    assert job["name"] == "job"
    return {variable["name"]: variable["value"] for variable in job["environment"]}


def launch(backend: EcsBackend, **changed: Any) -> str:
    """Launch a request that must succeed; the task's id."""
    outcome = backend.launch(a_request(**changed))
    assert isinstance(outcome, Launched), outcome
    return outcome.task_id
