"""One moto server and one set of clients for the session; each test has names of its own."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.ecs_backend import EcsBackend
from tests.aws.ecs_world import a_backend
from tests.aws.world import World
from tests.fakes.ecs_server import EcsServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def moto_clients(moto_endpoint: str) -> AwsClients:
    return AwsClients(
        region="eu-west-1", endpoint=moto_endpoint, credentials=AwsCredentials("AKTEST", "secret")
    )


@pytest.fixture
def world(moto_clients: AwsClients) -> Iterator[World]:
    made = World(moto_clients, next(_numbers))

    def seen(event_name: str, **_: Any) -> None:
        made.requests[event_name.rpartition(".")[2]] += 1

    clients = moto_clients
    watched: list[Any] = [
        clients.dynamodb(),
        clients.sqs(),
        clients.s3(),
        clients.ssm(),
        clients.ecs(),
    ]
    for client in watched:
        client.meta.events.register("before-send.*.*", seen)
    yield made
    for client in watched:
        client.meta.events.unregister("before-send.*.*", seen)


@pytest.fixture(scope="session")
def runner_image(docker_client: docker.DockerClient, base_image: str) -> str:
    """The runner's image on this engine, built if need be."""
    from towline.runner_build import ensure_runner

    return ensure_runner(docker_client, base=base_image, progress=lambda _: None).tag


@pytest.fixture
def server() -> Iterator[EcsServer]:
    """A fake of ECS whose tasks the test moves."""
    with EcsServer(seed=1) as made:
        yield made


@pytest.fixture
def backend(server: EcsServer) -> EcsBackend:
    return a_backend(server.endpoint)
