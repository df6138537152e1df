"""The ECS backend against moto, which knows the API's shapes and runs nothing."""

from __future__ import annotations

import boto3
import pytest

from chalicelib.aws.ecs_backend import EcsBackend
from chalicelib.domain.evidence import TaskState
from chalicelib.ports import Launched
from tests.aws.ecs_world import JOB, a_request, a_site
from tests.aws.world import World


@pytest.fixture
def backend(world: World, moto_endpoint: str) -> EcsBackend:
    cluster = f"cluster{world.number}"
    world.clients.ecs().create_cluster(clusterName=cluster)
    ec2 = boto3.client(
        "ec2",
        endpoint_url=moto_endpoint,
        region_name="eu-west-1",
        aws_access_key_id="AKTEST",
        aws_secret_access_key="secret",
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    return EcsBackend(world.clients, a_site(cluster=cluster, subnets=(subnet,)))


@pytest.mark.parametrize("image", [None, "busybox:1"])
def test_a_task_is_started_seen_owned_and_stopped(
    world: World, backend: EcsBackend, image: str | None
) -> None:
    world.count()
    outcome = backend.launch(a_request(image=image))
    assert isinstance(outcome, Launched)
    assert world.count()["RunTask"] == 1
    view = backend.describe([outcome.task_id])[outcome.task_id]
    assert view.state is TaskState.RUNNING
    (owned,) = backend.owned()
    assert (owned.task_id, owned.job_id, owned.attempt) == (outcome.task_id, JOB, 1)
    backend.stop(outcome.task_id, "cancelled")
    assert list(backend.owned()) == []


def test_a_definition_is_registered_once(world: World, backend: EcsBackend) -> None:
    request = a_request(image="busybox:42")
    world.count()
    backend.launch(request)
    assert world.count() == {
        "DescribeTaskDefinition": 1,
        "RegisterTaskDefinition": 1,
        "RunTask": 1,
    }
    backend.launch(request)
    assert world.count() == {"RunTask": 1}


def test_a_task_that_was_never_there_is_unknown(backend: EcsBackend) -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:task/towline/" + "0" * 32
    assert backend.describe([arn])[arn].state is TaskState.UNKNOWN
