"""The ECS backend with real containers behind it, payload and all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from chalicelib.aws.ecs_backend import EcsBackend
from chalicelib.domain import ecs_event
from chalicelib.domain.ecs_event import TaskStopped
from chalicelib.domain.evidence import Stop, TaskState
from chalicelib.ports import Launched, LaunchRequest
from tests.aws.ecs_world import JOB, a_backend, a_request
from tests.fakes.ecs_server import EcsServer
from tests.fakes.ecs_server.container_settings import LABEL
from tests.fakes.service_server import FakeJob, FakeService

pytestmark = pytest.mark.docker

WAIT_S = 90.0
ENDLESS = "echo ready; while :; do sleep 0.1; done"


class Stops:
    """Reads events as the service does, and lets a test wait for a stop."""

    def __init__(self) -> None:
        self.all: list[TaskStopped] = []
        self._changed = threading.Condition()

    def __call__(self, event: dict[str, Any]) -> None:
        stopped = ecs_event.parse(event)
        if stopped is not None:
            with self._changed:
                self.all.append(stopped)
                self._changed.notify_all()

    def wait(self, attempt: int = 1) -> Stop:
        """What the newest version said once the task was over."""
        with self._changed:
            there = self._changed.wait_for(lambda: bool(self._of(attempt)), WAIT_S)
            assert there, f"no stop of attempt {attempt} within {WAIT_S} s"
            return max(self._of(attempt), key=lambda stop: stop.version)

    def _of(self, attempt: int) -> list[Stop]:
        return [stopped.stop for stopped in self.all if stopped.attempt == attempt]


@pytest.fixture
def service() -> Iterator[FakeService]:
    made = FakeService()
    yield made
    made.close()


@pytest.fixture
def stops() -> Stops:
    return Stops()


@pytest.fixture
def server(docker_client: docker.DockerClient, stops: Stops) -> Iterator[EcsServer]:
    with EcsServer(docker_client, seed=2, on_event=stops) as made:
        yield made
    mine = {"label": f"{LABEL}={made.owner}"}
    assert docker_client.containers.list(all=True, ignore_removed=True, filters=dict(mine)) == []
    assert docker_client.volumes.list(filters=dict(mine)) == []


@pytest.fixture
def backend(server: EcsServer, service: FakeService, runner_image: str) -> EcsBackend:
    return a_backend(server.endpoint, runner_image=runner_image, runner_url=service.url)


@pytest.fixture
def request_of(service: FakeService, runner_image: str) -> Any:
    def make(script: str, **changed: Any) -> LaunchRequest:
        service.add(JOB, FakeJob(script, user=changed.get("user")))
        settings = {"release": runner_image, "cpu": 1.0, "memory_mib": 2048}
        return a_request(**(settings | changed))

    return make


def _launch(backend: EcsBackend, request: LaunchRequest) -> str:
    outcome = backend.launch(request)
    assert isinstance(outcome, Launched), outcome
    return outcome.task_id


def test_a_job_in_the_runners_image_ends_with_its_scripts_status(
    backend: EcsBackend, service: FakeService, stops: Stops, request_of: Any
) -> None:
    task_id = _launch(backend, request_of("echo hello; exit 7"))
    stop = stops.wait()
    assert (stop.exit_code, stop.stop_code) == (7, "EssentialContainerExited")
    assert stop.task_id == task_id
    assert service.jobs[JOB].reports[0]["exit"] == {"code": 7, "signal": None}
    assert b"hello" in service.jobs[JOB].log
    view = backend.describe([task_id])[task_id]
    assert view.state is TaskState.STOPPED
    assert view.stop is not None
    assert view.stop.exit_code == 7


def test_an_image_with_busybox_alone_gets_the_runner_from_the_payload(
    backend: EcsBackend, stops: Stops, service: FakeService, request_of: Any, busybox_image: str
) -> None:
    script = "#!/bin/sh\nif touch /towline/x; then exit 1; fi; id -u; exit 9"
    _launch(backend, request_of(script, image=busybox_image))
    stop = stops.wait()
    assert stop.exit_code == 9, (stop, service.jobs[JOB].log)
    assert stop.other_containers == ()


def test_a_user_that_is_asked_for_is_dropped_to_by_the_runner(
    backend: EcsBackend, stops: Stops, service: FakeService, request_of: Any, busybox_image: str
) -> None:
    script = "#!/bin/sh\nid -u; exit 4"
    _launch(backend, request_of(script, image=busybox_image, user="1234"))
    assert stops.wait().exit_code == 4
    assert b"1234" in service.jobs[JOB].log


def test_a_repeated_launch_starts_no_second_container(
    backend: EcsBackend, server: EcsServer, stops: Stops, service: FakeService, request_of: Any
) -> None:
    request = request_of("exit 3")
    server.faults.lose_answer("RunTask")
    assert _launch(backend, request) == _launch(backend, request)
    assert stops.wait().exit_code == 3
    assert len(server.tasks()) == len(service.jobs[JOB].claims) == 1


def test_a_stopped_task_ends_its_script_by_term(
    backend: EcsBackend, service: FakeService, stops: Stops, request_of: Any
) -> None:
    task_id = _launch(backend, request_of(ENDLESS))
    service.wait_for_log(JOB, b"ready")
    backend.stop(task_id, "the job was cancelled")
    backend.stop(task_id, "again")
    stop = stops.wait()
    assert (stop.exit_code, stop.stop_code) == (143, "UserInitiated")
    assert stop.reason == "the job was cancelled"
    assert service.jobs[JOB].reports[0]["ended_by"] == "cancel"


def test_an_image_that_cannot_be_pulled_is_told_and_nothing_ran(
    backend: EcsBackend, stops: Stops, service: FakeService, request_of: Any
) -> None:
    _launch(backend, request_of("exit 0", image="127.0.0.1:9/nothing:here"))
    stop = stops.wait()
    assert stop.exit_code is None
    assert stop.stop_code == "TaskFailedToStart"
    assert stop.job_container_reason.startswith("CannotPullContainerError")
    assert service.jobs[JOB].claims == []


def test_leaving_ends_what_still_runs(
    docker_client: docker.DockerClient, service: FakeService, runner_image: str, request_of: Any
) -> None:
    with EcsServer(docker_client) as server:
        backend = a_backend(server.endpoint, runner_url=service.url)
        _launch(backend, request_of(ENDLESS))
        service.wait_for_log(JOB, b"ready")
    mine = {"label": f"{LABEL}={server.owner}"}
    assert docker_client.containers.list(all=True, ignore_removed=True, filters=dict(mine)) == []
    (task,) = server.tasks()
    assert task.over.is_set()
