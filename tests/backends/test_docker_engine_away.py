"""The engine is killed, shut down, or stays away: each task has its stop, with the right words."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from chalicelib.domain.evidence import TaskState
from chalicelib.domain.stop_reasons import classify
from chalicelib.domain.verdict import Cause
from tests.backends.own_engine import OwnEngine
from tests.backends.rig import Rig, gone, kill, until
from tests.backends.rig_docker import docker_rig
from tests.fakes.service_server import FakeService
from towline.backends.docker_engine import Engine
from towline.runner_build import RunnerImage

pytestmark = pytest.mark.docker

MakeRig = Callable[..., Rig]


@pytest.fixture(scope="module")
def own_engine(
    docker_client: docker.DockerClient,
    busybox_image: str,
) -> Iterator[OwnEngine]:
    """An engine with one image on it."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("a second engine needs dockerd and root")
    engine = OwnEngine()
    try:
        engine.start()
        image = b"".join(docker_client.images.get(busybox_image).save(named=busybox_image))
        Engine(engine.address).client.images.load(image)
        yield engine
    finally:
        engine.close()


@pytest.fixture
def make(
    own_engine: OwnEngine, busybox_image: str, service: FakeService, owner: str
) -> Iterator[MakeRig]:
    """Rigs whose "runner" is a line of shell: the engine matters here, not the protocol."""
    made: list[Rig] = []

    def one(line: str, **settings: Any) -> Rig:
        image = Engine(own_engine.address).image(busybox_image)
        assert image is not None
        runner = RunnerImage(
            tag="", image_id=image["Id"], content="", volume="", entrypoint=("sh", "-c", line)
        )
        made.append(
            docker_rig(service, owner, address=own_engine.address, runner=runner, **settings)
        )
        return made[-1]

    yield one
    own_engine.start_if_down()
    for rig in made:
        rig.backend.close()
        assert rig.left() == []


PATIENT = "trap 'exit 44' TERM; trap 'exit 7' USR1; while :; do sleep 0.1; done"
DEAF = "trap '' TERM; while :; do sleep 0.1; done"


def running(rig: Rig, **changes: Any) -> str:
    """Launch a task and wait until it runs."""
    task_id = rig.launch(rig.request("", **changes))
    until(lambda: rig.backend.describe([task_id])[task_id].state is TaskState.RUNNING, "it runs")
    return task_id


def test_a_task_that_the_restarted_engine_ends_is_told_as_a_lost_host(
    make: MakeRig, own_engine: OwnEngine
) -> None:
    rig = make(PATIENT)
    task_id = running(rig)
    own_engine.kill()
    own_engine.start()  # it finds the container running, and ends it by TERM
    stop = rig.stops.wait(task_id)
    assert (stop.exit_code, stop.stop_code) == (44, "InfrastructureHealth")
    assert "restarted" in stop.reason
    assert classify(stop).cause is Cause.HOST_LOST
    assert len(rig.stops.all) == 1


def test_a_task_that_ended_while_the_engine_was_away_keeps_its_status(
    make: MakeRig, own_engine: OwnEngine
) -> None:
    rig = make(PATIENT)
    task_id = running(rig)
    pid = rig.pid_of(task_id)
    own_engine.kill()
    kill(pid, signal.SIGUSR1)
    assert gone([pid])
    own_engine.start()
    stop = rig.stops.wait(task_id)
    assert (stop.exit_code, stop.stop_code) == (7, "EssentialContainerExited")
    assert classify(stop).cause is None


def test_a_shut_down_engine_is_told_as_a_lost_host(make: MakeRig, own_engine: OwnEngine) -> None:
    rig = make(PATIENT)
    task_id = running(rig)
    own_engine.shut_down()
    own_engine.start()
    stop = rig.stops.wait(task_id)
    assert (stop.exit_code, stop.stop_code) == (44, "InfrastructureHealth")
    assert classify(stop).cause is Cause.HOST_LOST


def test_an_engine_that_stays_away_is_given_up_and_cleared_when_it_comes_back(
    make: MakeRig, own_engine: OwnEngine
) -> None:
    rig = make(DEAF, engine_lost_s=0.5)
    task_id = running(rig, stop_timeout_s=1)
    own_engine.kill()
    stop = rig.stops.wait(task_id)
    assert (stop.exit_code, stop.stop_code) == (None, "InfrastructureHealth")
    assert "has been away for" in stop.reason
    own_engine.start()
    until(lambda: rig.left() == [], "the container is cleared away")
    assert len(rig.stops.all) == 1


def test_a_launch_waits_for_an_engine_that_is_away(make: MakeRig, own_engine: OwnEngine) -> None:
    rig = make("exit 3")
    own_engine.kill()
    task_id = rig.launch(rig.request(""))
    own_engine.start()
    assert rig.stops.wait(task_id).exit_code == 3


def test_a_stop_that_the_engine_did_not_hear_is_asked_for_again(
    make: MakeRig, own_engine: OwnEngine
) -> None:
    rig = make(DEAF)
    task_id = running(rig, stop_timeout_s=1)
    own_engine.kill()
    rig.backend.stop(task_id, "asked to")
    own_engine.start()
    stop = rig.stops.wait(task_id)
    assert (stop.exit_code, stop.stop_code, stop.reason) == (137, "UserInitiated", "asked to")


def test_what_could_not_be_removed_at_the_close_is_removed_when_the_engine_comes_back(
    make: MakeRig, own_engine: OwnEngine
) -> None:
    rig = make(DEAF)
    task_id = running(rig, stop_timeout_s=1)
    own_engine.kill()
    rig.backend.close()
    assert [stop.task_id for _, _, stop in rig.stops.all] == [task_id]
    own_engine.start()
    until(lambda: rig.left() == [], "the guardian has removed the container")
