"""The ECS backend against a server that enforces ECS's rules: tasks and what becomes of them."""

from __future__ import annotations

import threading

import pytest

from chalicelib.aws.ecs_backend import EcsBackend, client_token
from chalicelib.domain.evidence import TaskState
from chalicelib.ports import ServiceTrouble, TryLater
from tests.aws.ecs_world import JOB, a_backend, a_request, launch, the_environment
from tests.fakes.ecs_server import EcsServer


def test_only_the_first_launch_of_a_kind_costs_more_than_one_request(
    server: EcsServer, backend: EcsBackend
) -> None:
    launch(backend)
    assert server.operations() == ["DescribeTaskDefinition", "RegisterTaskDefinition", "RunTask"]
    launch(backend, attempt=2)
    assert server.operations() == ["RunTask"]
    launch(a_backend(server.endpoint), attempt=3)
    assert server.operations() == ["DescribeTaskDefinition", "RunTask"]
    assert list(server.definitions.families().values()) == [1]


def test_the_container_is_told_the_job_and_the_token_and_nothing_else(
    server: EcsServer, backend: EcsBackend
) -> None:
    launch(backend)
    assert the_environment(server) == {"TOWLINE_JOB": JOB, "TOWLINE_TOKEN": a_request().token}
    (task,) = server.tasks()
    assert task.parameters["startedBy"] == f"towline/{JOB}/1/1"
    assert {tag["key"]: tag["value"] for tag in task.parameters["tags"]} == {
        "towline:job": JOB,
        "towline:attempt": "1",
    }
    assert len(task.parameters["clientToken"]) == 64


def test_the_same_request_gives_the_same_task(server: EcsServer, backend: EcsBackend) -> None:
    first = launch(backend)
    assert launch(backend) == first
    assert launch(a_backend(server.endpoint)) == first
    assert len(server.tasks()) == 1
    assert launch(backend, launch_try=2) != first


def test_requests_that_come_at_once_start_one_task(server: EcsServer) -> None:
    barrier = threading.Barrier(6)
    started: list[str] = []

    def start() -> None:
        backend = a_backend(server.endpoint)
        barrier.wait(20)
        started.append(launch(backend))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(started) == 6
    assert len(set(started)) == len(server.tasks()) == 1


def test_a_lost_answer_starts_no_second_task(server: EcsServer, backend: EcsBackend) -> None:
    server.faults.lose_answer("RunTask", times=2)
    with pytest.raises(ServiceTrouble, match=f"start a task for job {JOB}") as trouble:
        backend.launch(a_request())
    assert trouble.value.retryable
    task_id = launch(backend)
    assert [task.arn for task in server.tasks()] == [task_id]


def test_changed_settings_find_the_task_that_the_same_try_started(server: EcsServer) -> None:
    first = launch(a_backend(server.endpoint))
    assert launch(a_backend(server.endpoint, subnets=("subnet-9",))) == first
    assert len(server.tasks()) == 1


def test_a_conflict_that_names_no_task_is_looked_up(server: EcsServer, backend: EcsBackend) -> None:
    task_id = launch(backend)
    server.faults.refuse("RunTask", "ConflictException", "The token is used.")
    assert launch(backend) == task_id
    server.puppets.finish(server.tasks()[0], 0)
    server.faults.refuse("RunTask", "ConflictException", "The token is used.")
    assert launch(backend) == task_id
    server.faults.refuse("RunTask", "ConflictException", "The token is used.")
    unknown = backend.launch(a_request(attempt=7))
    assert isinstance(unknown, TryLater)
    assert not unknown.definite


def test_odd_sizes_are_rounded_up_and_taken(server: EcsServer, backend: EcsBackend) -> None:
    for attempt, (cpu, memory) in enumerate([(0.3, 700), (1.5, 100), (7.2, 33_000)], 1):
        launch(backend, attempt=attempt, cpu=cpu, memory_mib=memory)
    shapes = [(t.definition["cpu"], t.definition["memory"]) for t in server.tasks()]
    assert shapes == [("512", "1024"), ("2048", "4096"), ("8192", "36864")]


def test_a_definition_that_was_deregistered_is_registered_again(
    server: EcsServer, backend: EcsBackend
) -> None:
    launch(backend)
    (family,) = server.definitions.families()
    server.definitions.deregister({"taskDefinition": family})
    assert isinstance(backend.launch(a_request(attempt=2)), TryLater)
    launch(backend, attempt=2)
    assert server.definitions.families() == {family: 2}


def test_a_task_is_seen_through_its_life(server: EcsServer, backend: EcsBackend) -> None:
    task_id = launch(backend)
    assert backend.describe([task_id])[task_id].state is TaskState.RUNNING
    server.puppets.finish(server.tasks()[0], 3)
    view = backend.describe([task_id])[task_id]
    assert view.state is TaskState.STOPPED
    assert view.stop is not None
    assert (view.stop.exit_code, view.stop.stop_code) == (3, "EssentialContainerExited")
    assert view.stop.task_id == task_id


def test_a_task_that_never_ran_has_no_exit_code(server: EcsServer, backend: EcsBackend) -> None:
    server.puppets._start_at_once = False
    task_id = launch(backend)
    assert backend.describe([task_id])[task_id].state is TaskState.PENDING
    server.puppets.fail_to_start(server.tasks()[0], "CannotPullContainerError: not found")
    stop = backend.describe([task_id])[task_id].stop
    assert stop is not None
    assert stop.exit_code is None
    assert stop.job_container_reason == "CannotPullContainerError: not found"


def test_forgotten_and_invented_tasks_are_unknown(server: EcsServer, backend: EcsBackend) -> None:
    task_id = launch(backend)
    server.board.forget(task_id)
    seen = backend.describe([task_id, "arn:aws:ecs:eu-west-1:1:task/towline/none"])
    assert {view.state for view in seen.values()} == {TaskState.UNKNOWN}
    assert len(seen) == 2
    assert backend.describe([]) == {}


def test_a_hundred_tasks_are_one_request(server: EcsServer, backend: EcsBackend) -> None:
    started = [launch(backend, attempt=number) for number in range(1, 121)]
    server.operations()
    assert len(backend.describe(started)) == 120
    assert server.operations() == ["DescribeTasks"] * 2
    owned = {(task.task_id, task.job_id, task.attempt) for task in backend.owned()}
    assert owned == {(task_id, JOB, number) for number, task_id in enumerate(started, 1)}
    assert server.operations() == ["ListTasks", "DescribeTasks"] * 2


def test_ended_tasks_and_those_of_others_are_not_owned(
    server: EcsServer, backend: EcsBackend
) -> None:
    mine, ended = launch(backend), launch(backend, attempt=2)
    server.puppets.finish(server.tasks()[1], 0)
    parameters = dict(server.tasks()[0].parameters)
    parameters |= {"startedBy": "someone", "clientToken": "t", "tags": [], "overrides": {}}
    server.board.run_task(parameters, None)
    (owned,) = backend.owned()
    assert owned.task_id == mine != ended
    assert owned.started_at is not None


def test_stopping_may_be_repeated_and_the_unknown_is_no_error(
    server: EcsServer, backend: EcsBackend
) -> None:
    task_id = launch(backend)
    backend.stop(task_id, "cancelled by the user " + "x" * 500)
    backend.stop(task_id, "again")
    backend.stop(task_id.replace("/towline/", "/towline/9"), "unknown")
    stop = backend.describe([task_id])[task_id].stop
    assert stop is not None
    assert stop.stop_code == "UserInitiated"
    assert stop.reason.startswith("cancelled by the user")


def test_tokens_differ_by_job_attempt_and_try() -> None:
    requests = [
        a_request(),
        a_request(attempt=11),
        a_request(attempt=1, launch_try=11),
        a_request(attempt=11, launch_try=1, job_id=JOB[:-1] + "1"),
        a_request(launch_try=2),
    ]
    assert len({client_token(request) for request in requests}) == len(requests)
