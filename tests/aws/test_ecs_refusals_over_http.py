"""The ECS backend when ECS does not do what it is asked: later, with a new token, or never."""

from __future__ import annotations

import pytest

from chalicelib.aws.ecs_backend import EcsBackend
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.verdict import Cause
from chalicelib.ports import Refused, ServiceTrouble, TryLater
from tests.aws.ecs_world import a_backend, a_request, launch
from tests.fakes.ecs_server import EcsServer


@pytest.mark.parametrize(
    ("code", "message", "times"),
    [
        ("ThrottlingException", "Rate exceeded", 2),
        ("InvalidParameterException", "Error: Rate exceeded", 1),
        ("ClientException", "Too many requests", 1),
        ("ServerException", "Service Unavailable. Please try again later.", 1),
    ],
)
def test_a_throttle_in_whatever_form_is_tried_again_as_it_was(
    server: EcsServer, backend: EcsBackend, code: str, message: str, times: int
) -> None:
    server.faults.refuse("RunTask", code, message, times=times)
    outcome = backend.launch(a_request())
    assert isinstance(outcome, TryLater)
    assert not outcome.definite
    assert outcome.delay_s > 0
    assert message in outcome.reason
    launch(backend)
    assert len(server.tasks()) == 1


@pytest.mark.parametrize("operation", ["DescribeTaskDefinition", "RegisterTaskDefinition"])
def test_throttled_definitions_put_the_launch_off(
    server: EcsServer, backend: EcsBackend, operation: str
) -> None:
    server.faults.throttle(operation, times=2)
    outcome = backend.launch(a_request())
    assert isinstance(outcome, TryLater)
    assert outcome.why is PutOff.THROTTLED
    launch(backend)
    assert list(server.definitions.families().values()) == [1]


def test_a_service_that_is_broken_is_not_the_jobs_fault(
    server: EcsServer, backend: EcsBackend
) -> None:
    server.faults.break_down("RunTask", times=2)
    outcome = backend.launch(a_request())
    assert isinstance(outcome, TryLater)
    assert not outcome.definite


@pytest.mark.parametrize(
    ("reasons", "detail"),
    [
        (["Capacity is unavailable at this time. Please try again later"], ""),
        (["RESOURCE:ENI"], ""),
        (["RESOURCE:MEMORY", "RESOURCE:CPU"], "not enough"),
        (["You've reached the limit on the number of vCPUs you can run concurrently"], ""),
        ([], ""),
    ],
)
def test_failures_want_a_new_client_token(
    server: EcsServer, backend: EcsBackend, reasons: list[str], detail: str
) -> None:
    server.faults.start_nothing(*reasons, detail=detail)
    outcome = backend.launch(a_request())
    assert isinstance(outcome, TryLater)
    assert outcome.why is PutOff.CAPACITY
    assert outcome.definite
    assert all(reason in outcome.reason for reason in reasons[:1])
    # The old token is used up: it gives the same refusal, for ever.
    assert isinstance(backend.launch(a_request()), TryLater)
    launch(backend, launch_try=2)
    assert len(server.tasks()) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "User is not authorized to perform: ecs:RunTask"),
        ("InvalidParameterException", "The subnet ID 'subnet-1' does not exist"),
        ("ClusterNotFoundException", "Cluster not found."),
        ("BlockedException", "Your account has been blocked"),
    ],
)
def test_what_can_never_work_is_refused_in_words(
    server: EcsServer, backend: EcsBackend, code: str, message: str
) -> None:
    server.faults.refuse("RunTask", code, message)
    outcome = backend.launch(a_request())
    assert outcome == Refused(Cause.LAUNCH_REFUSED, f"ECS answered {code}: {message}")


def test_a_size_that_fargate_lacks_is_refused_without_a_request(
    server: EcsServer, backend: EcsBackend
) -> None:
    outcome = backend.launch(a_request(memory_mib=500_000))
    assert isinstance(outcome, Refused)
    assert "500000 MiB" in outcome.detail
    assert server.operations() == []


def test_a_stop_that_fails_is_trouble_worth_retrying(
    server: EcsServer, backend: EcsBackend
) -> None:
    task_id = launch(backend)
    server.faults.throttle("StopTask", times=2)
    with pytest.raises(ServiceTrouble, match="stop task") as trouble:
        backend.stop(task_id, "cancelled")
    assert trouble.value.retryable


def test_a_cluster_that_is_not_there_is_named(server: EcsServer) -> None:
    backend = a_backend(server.endpoint, cluster="elsewhere")
    with pytest.raises(ServiceTrouble, match="Cluster not found"):
        backend.describe(["arn:1"])
    assert isinstance(backend.launch(a_request()), Refused)


def test_an_unreachable_service_is_trouble(server: EcsServer) -> None:
    backend = a_backend("http://127.0.0.1:1")
    with pytest.raises(ServiceTrouble):
        backend.launch(a_request())
    assert backend.release() == a_request().release
