"""Spot, roles and credentials against a server that enforces ECS's rules about them."""

from __future__ import annotations

import pytest

from chalicelib.aws.ecs_backend import EcsBackend
from chalicelib.domain.verdict import Cause
from chalicelib.ports import Refused, TryLater
from tests.aws.ecs_world import JOB_ROLE, ROLE, a_backend, a_request, launch
from tests.fakes.ecs_server import EcsServer


def test_spot_is_asked_for_by_a_strategy_and_on_demand_by_a_launch_type(
    server: EcsServer, backend: EcsBackend
) -> None:
    launch(backend, capacity="spot")
    launch(backend, attempt=2)
    spot, on_demand = (task.parameters for task in server.tasks())
    (provider,) = spot["capacityProviderStrategy"]
    assert provider["capacityProvider"] == "FARGATE_SPOT"
    assert "launchType" not in spot
    assert on_demand["launchType"] == "FARGATE"
    assert "capacityProviderStrategy" not in on_demand
    assert list(server.definitions.families().values()) == [1], "the definition is one for both"


def test_the_same_request_for_spot_gives_the_same_task(
    server: EcsServer, backend: EcsBackend
) -> None:
    first = launch(backend, capacity="spot")
    assert launch(backend, capacity="spot") == first
    assert len(server.tasks()) == 1


def test_a_cluster_without_spot_refuses_it_in_words(server: EcsServer, backend: EcsBackend) -> None:
    server.board.clusters["towline"] = ("FARGATE",)
    outcome = backend.launch(a_request(capacity="spot"))
    assert isinstance(outcome, Refused)
    assert outcome.cause is Cause.LAUNCH_REFUSED
    assert "not associated with the cluster" in outcome.detail
    launch(backend, attempt=2)


def test_spot_without_capacity_may_be_asked_for_on_demand_by_the_next_try(
    server: EcsServer, backend: EcsBackend
) -> None:
    server.faults.start_nothing("Capacity is unavailable at this time. Please try again later")
    outcome = backend.launch(a_request(capacity="spot"))
    assert isinstance(outcome, TryLater)
    assert outcome.definite
    launch(backend, launch_try=2)
    assert server.tasks()[-1].parameters["launchType"] == "FARGATE"


def test_a_projects_role_is_passed_on_and_one_that_may_not_be_is_refused(
    server: EcsServer,
) -> None:
    roles = {"site": JOB_ROLE, "other": JOB_ROLE.replace("towline-test-job", "admin")}
    backend = a_backend(server.endpoint, job_roles=roles, execution_role_arn=ROLE)
    launch(backend, project="site")
    assert server.tasks()[-1].definition["taskRoleArn"] == JOB_ROLE
    outcome = backend.launch(a_request(project="other"))
    assert isinstance(outcome, Refused)
    assert "iam:PassRole" in outcome.detail
    launch(backend, project="none", attempt=2)
    assert "taskRoleArn" not in server.tasks()[-1].definition


def test_a_role_that_may_no_longer_be_passed_on_is_noticed_at_the_launch(
    server: EcsServer,
) -> None:
    backend = a_backend(server.endpoint, job_roles={"site": JOB_ROLE})
    launch(backend, project="site")
    server.definitions.passable = ()
    outcome = backend.launch(a_request(project="site", attempt=2))
    assert isinstance(outcome, Refused)
    assert "iam:PassRole" in outcome.detail


@pytest.mark.parametrize("execution_role", [ROLE, ""])
def test_a_private_image_needs_the_role_that_pulls(server: EcsServer, execution_role: str) -> None:
    backend = a_backend(server.endpoint, execution_role_arn=execution_role)
    outcome = backend.launch(a_request(image="a.io/b:1", registry_credentials="hub"))
    if not execution_role:
        assert isinstance(outcome, Refused)
        assert "private registry authentication" in outcome.detail
        return
    containers = server.tasks()[-1].definition["containerDefinitions"]
    named = {c["name"]: c.get("repositoryCredentials") for c in containers}
    assert named == {
        "job": {"credentialsParameter": "towline/test/registry/hub"},
        "payload": None,
    }


@pytest.mark.parametrize(("public_ip", "word"), [(True, "ENABLED"), (False, "DISABLED")])
def test_tasks_have_public_addresses_where_the_site_says_so(
    server: EcsServer, public_ip: bool, word: str
) -> None:
    launch(a_backend(server.endpoint, public_ip=public_ip))
    network = server.tasks()[-1].parameters["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == word
