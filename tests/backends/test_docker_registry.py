"""Pulls from a real registry: what is there, what is missing, what is refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import docker
import pytest
from docker.errors import ImageNotFound

from chalicelib.domain.evidence import Stop
from chalicelib.domain.stop_reasons import Subject, classify
from chalicelib.domain.verdict import Cause
from chalicelib.ports import RegistryLogin
from tests.backends.rig import Rig
from tests.backends.rig_docker import docker_rig
from tests.conftest import Registry
from tests.fakes.service_server import FakeService

pytestmark = [pytest.mark.docker, pytest.mark.registry]


@pytest.fixture
def rig(service: FakeService, owner: str) -> Iterator[Rig]:
    made = docker_rig(service, owner)
    yield made
    made.backend.close()
    assert made.left() == []


@pytest.fixture
def pushed(docker_client: docker.DockerClient, busybox_image: str, owner: str) -> Iterator[str]:
    """An image that is in the registry and not on the engine."""
    name = f"{os.environ['TOWLINE_TEST_REGISTRY']}/{owner}"
    docker_client.images.get(busybox_image).tag(name, "here")
    docker_client.images.push(name, "here")
    docker_client.images.remove(f"{name}:here")
    yield f"{name}:here"
    with contextlib.suppress(ImageNotFound):  # only some tests pull it
        docker_client.images.remove(f"{name}:here", force=True)


def test_an_image_is_pulled_when_it_is_not_here_and_its_digest_kept(rig: Rig, pushed: str) -> None:
    stop = rig.stops.wait(rig.launch(rig.request("exit 8", image=pushed)))
    assert (stop.exit_code, stop.image) == (8, pushed)
    assert stop.pull_started_at is not None
    assert stop.pull_stopped_at is not None
    assert stop.pull_started_at <= stop.pull_stopped_at
    assert stop.image_digest is not None
    assert stop.image_digest.startswith(f"{pushed.rpartition(':')[0]}@sha256:")


def test_an_image_can_be_asked_for_by_its_digest(rig: Rig, pushed: str) -> None:
    digest = rig.stops.wait(rig.launch(rig.request("exit 8", image=pushed))).image_digest
    assert rig.stops.wait(rig.launch(rig.request("exit 9", image=digest))).exit_code == 9


def test_a_missing_tag_is_image_missing_and_not_worth_retrying(rig: Rig, pushed: str) -> None:
    missing = pushed.replace(":here", ":not-there")
    stop = rig.stops.wait(rig.launch(rig.request("exit 0", image=missing)))
    found = classify(stop, job_image=missing)
    assert (found.cause, found.retryable) == (Cause.IMAGE_MISSING, False)
    assert found.subject is Subject.JOB
    assert "manifest unknown" in found.text


def test_a_missing_repository_is_image_missing(rig: Rig) -> None:
    missing = f"{os.environ['TOWLINE_TEST_REGISTRY']}/no/such/repository:1"
    stop = rig.stops.wait(rig.launch(rig.request("exit 0", image=missing)))
    assert classify(stop, job_image=missing).cause is Cause.IMAGE_MISSING


def test_a_registry_that_wants_a_password_is_image_auth(rig: Rig) -> None:
    closed = f"{os.environ['TOWLINE_TEST_REGISTRY_AUTH']}/private:1"
    stop = rig.stops.wait(rig.launch(rig.request("exit 0", image=closed)))
    found = classify(stop, job_image=closed)
    assert (found.cause, found.retryable) == (Cause.IMAGE_AUTH, False)


@pytest.fixture
def private(
    docker_client: docker.DockerClient, busybox_image: str, closed_registry: Registry, owner: str
) -> Iterator[str]:
    """An image in the registry that wants a password, and not on the engine."""
    name = f"{closed_registry.address}/{owner}"
    user, password = closed_registry.login or ("", "")
    auth = {"username": user, "password": password}
    docker_client.images.get(busybox_image).tag(name, "here")
    docker_client.images.push(name, "here", auth_config=auth)
    docker_client.images.remove(f"{name}:here")
    yield f"{name}:here"
    with contextlib.suppress(ImageNotFound):
        docker_client.images.remove(f"{name}:here", force=True)


def test_a_private_image_is_pulled_with_the_credentials_that_the_job_names(
    service: FakeService, owner: str, private: str, closed_registry: Registry
) -> None:
    user, password = closed_registry.login or ("", "")
    kept = {"mine": RegistryLogin(closed_registry.address, user, password)}
    rig = docker_rig(service, owner, logins=kept.get)
    try:

        def end(credentials: str | None) -> Stop:
            request = rig.request("exit 8", image=private, registry_credentials=credentials)
            return rig.stops.wait(rig.launch(request))

        for credentials in (None, "forgotten"):
            assert classify(end(credentials), job_image=private).cause is Cause.IMAGE_AUTH
        assert end("mine").exit_code == 8
    finally:
        rig.backend.close()
    assert rig.left() == []
