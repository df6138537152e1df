"""The ecs backend on the bench, over an HTTP fake of ECS that starts real containers."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import docker

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.ecs_backend import EcsBackend
from chalicelib.aws.ecs_site import EcsSite
from chalicelib.domain.ecs_event import parse
from chalicelib.ports import LaunchOutcome, LaunchRequest, OwnedTask, TaskView
from tests.backends.rig import Rig, Stops
from tests.backends.rig_docker import BASE
from tests.fakes.ecs_server import EcsServer
from tests.fakes.ecs_server.container_settings import LABEL
from tests.fakes.service_server import FakeService

REGION = "eu-west-1"


@functools.cache
def runner_image() -> str:
    """The runner's image, as a release of a deployment would name it."""
    from towline.runner_build import ensure_runner

    return ensure_runner(docker.from_env(), base=BASE, progress=lambda _: None).image_id


class EcsOnTheBench:
    """The backend and its cluster. Closing ends the cluster, which the backend never does."""

    name = "ecs"

    def __init__(self, stops: Stops, service: FakeService, engine: docker.DockerClient) -> None:
        self._stops = stops
        self._told: set[str] = set()
        self.server = EcsServer(engine, on_event=self._on_event)
        site = EcsSite(
            cluster=self.server.cluster,
            region=REGION,
            runner_image=runner_image(),
            runner_url=service.url,
            subnets=("subnet-1",),
            security_groups=("sg-1",),
        )
        clients = AwsClients(
            region=REGION,
            endpoint=self.server.endpoint,
            credentials=AwsCredentials("AKTEST", "secret"),
        )
        self._backend = EcsBackend(clients, site)

    def release(self) -> str:
        return self._backend.release()

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        return self._backend.launch(request)

    def stop(self, task_id: str, reason: str) -> None:
        self._backend.stop(task_id, reason)

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        return self._backend.describe(task_ids)

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        return self._backend.find(job_id, attempt, launch_try)

    def owned(self) -> Iterable[OwnedTask]:
        return self._backend.owned()

    def close(self) -> None:
        self.server.close()

    def _on_event(self, event: Mapping[str, Any]) -> None:
        """Events come twice and out of order; the service writes the first stop and newer ones."""
        stopped = parse(event)
        if stopped is not None and stopped.stop.task_id not in self._told:
            self._told.add(stopped.stop.task_id)
            self._stops(stopped.job_id, stopped.attempt, stopped.stop)


def ecs_rig(service: FakeService, owner: str) -> Rig:
    engine = docker.from_env()
    made: list[EcsOnTheBench] = []

    def backend(stops: Stops, service: FakeService) -> EcsOnTheBench:
        made.append(EcsOnTheBench(stops, service, engine))
        return made[0]

    def containers(*labels: str) -> list[Any]:
        wanted = [f"{LABEL}={made[0].server.owner}", *labels]
        return engine.containers.list(all=True, ignore_removed=True, filters={"label": wanted})

    def pid_of(task_id: str) -> int:
        (job,) = containers(
            f"com.amazonaws.ecs.task-arn={task_id}", "com.amazonaws.ecs.container-name=job"
        )
        return int(job.attrs["State"]["Pid"])

    return Rig(
        backend,
        service,
        pid_of=pid_of,
        left=lambda: [c.name for c in containers()],
        image=None,
        release=runner_image(),
    )
