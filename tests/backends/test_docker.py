"""What the docker backend promises besides: images, limits, users, and words for what fails."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from chalicelib.domain.stop_reasons import Subject, classify
from chalicelib.domain.verdict import Cause
from chalicelib.ports import Refused, ServiceTrouble
from tests.backends.rig import Rig
from tests.backends.rig_docker import docker_rig
from tests.fakes.service_server import FakeService
from towline.backends.docker import DockerBackend
from towline.backends.docker_container import OWNER_LABEL
from towline.backends.docker_engine import Engine
from towline.backends.tasks import task_name

pytestmark = pytest.mark.docker

ENDLESS = "echo ready; while :; do sleep 0.1; done"

MakeRig = Callable[..., Rig]
MakeImage = Callable[..., str]


@pytest.fixture
def make(service: FakeService, owner: str) -> Iterator[MakeRig]:
    made: list[Rig] = []

    def one(**settings: Any) -> Rig:
        made.append(docker_rig(service, owner, **settings))
        return made[-1]

    yield one
    for rig in made:
        rig.backend.close()
        assert rig.left() == []


@pytest.fixture
def variant(
    docker_client: docker.DockerClient, busybox_image: str, owner: str
) -> Iterator[MakeImage]:
    """Makes busybox images with another configuration, in the words of a Dockerfile."""
    made: list[str] = []

    def one(*changes: str, base: str = busybox_image) -> str:
        steps = "\n".join((f"FROM {base}", *changes)).encode()
        context = io.BytesIO(tar_of({"Dockerfile": steps}))
        tag = f"towline-variant:{owner}-{len(made)}"
        docker_client.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
        made.append(tag)
        return tag

    yield one
    for tag in made:
        docker_client.images.remove(tag, force=True)


def tar_of(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def empty_image(tag: str, architecture: str) -> bytes:
    """An image with one empty layer, as ``docker save`` writes it."""
    layer = tar_of({})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    return tar_of(
        {
            "config.json": json.dumps(config).encode(),
            "layer.tar": layer,
            "manifest.json": json.dumps(manifest).encode(),
        }
    )


def log_of(rig: Rig, script: str, **changes: Any) -> str:
    """What a script prints, once it has ended well."""
    request = rig.request(script, **changes)
    stop = rig.stops.wait(rig.launch(request))
    assert stop.exit_code == 0, stop
    return rig.service.jobs[request.job_id].log.decode()


def test_limits_and_settings_reach_the_engine(
    make: MakeRig, docker_client: docker.DockerClient, busybox_image: str
) -> None:
    rig = make(image=busybox_image)
    _, task_id = rig.launch_until(
        "ready", ENDLESS, cpu=0.5, memory_mib=100, pids_limit=77, stop_timeout_s=33
    )
    container = docker_client.containers.get(task_id).attrs
    host, config = container["HostConfig"], container["Config"]
    assert host["NanoCpus"] == 500_000_000
    assert host["Memory"] == host["MemorySwap"] == 100 << 20
    assert host["PidsLimit"] == 77
    assert config["StopTimeout"] == 33
    assert config["StopSignal"] == "SIGTERM"
    assert host["LogConfig"]["Config"]["max-size"] == "1m"
    (mount,) = container["Mounts"]
    assert (mount["Destination"], mount["RW"]) == ("/towline", False)


def test_more_processors_than_the_machine_has_are_cut_to_those(
    make: MakeRig, docker_client: docker.DockerClient
) -> None:
    rig = make()
    _, task_id = rig.launch_until("ready", ENDLESS, cpu=16)
    given = docker_client.containers.get(task_id).attrs["HostConfig"]["NanoCpus"]
    assert given == min(16, docker_client.info()["NCPU"]) * 1_000_000_000


def test_an_image_that_holds_nothing_but_busybox_works(make: MakeRig, busybox_image: str) -> None:
    assert log_of(make(image=busybox_image), "echo hello; id -u") == "hello\n0\n"


def test_the_images_own_user_is_the_default(make: MakeRig, variant: MakeImage) -> None:
    assert log_of(make(image=variant("USER 1234:4321")), "id -u; id -g") == "1234\n4321\n"


def test_a_library_that_the_image_preloads_is_the_scripts_and_not_the_runners(
    make: MakeRig, variant: MakeImage, musl_image: str
) -> None:
    """Another C library, preloaded, ends our interpreter before its first line."""
    image = variant("ENV LD_PRELOAD=/lib/ld-musl-x86_64.so.1", base=musl_image)
    assert log_of(make(image=image), "echo $LD_PRELOAD") == "/lib/ld-musl-x86_64.so.1\n"


def test_another_stop_signal_or_health_check_of_an_image_is_not_used(
    make: MakeRig, variant: MakeImage, docker_client: docker.DockerClient
) -> None:
    image = variant("STOPSIGNAL SIGUSR1", "HEALTHCHECK --interval=1s CMD false", 'CMD ["false"]')
    rig = make(image=image)
    _, task_id = rig.launch_until("ready", ENDLESS, grace_s=0.1)
    assert "Health" not in docker_client.containers.get(task_id).attrs["State"]
    rig.backend.stop(task_id, "enough")
    assert rig.stops.wait(task_id).exit_code == 128 + 15


def test_volumes_that_an_image_declares_go_with_the_container(
    make: MakeRig, variant: MakeImage, docker_client: docker.DockerClient
) -> None:
    rig = make(image=variant("VOLUME /data"))
    _, task_id = rig.launch_until("ready", ENDLESS)
    mounts = docker_client.containers.get(task_id).attrs["Mounts"]
    (volume,) = (m["Name"] for m in mounts if m["Destination"] == "/data")
    docker_client.volumes.get(volume)
    rig.backend.close()
    with pytest.raises(docker.errors.NotFound):
        docker_client.volumes.get(volume)


def test_a_container_that_exceeds_its_memory_is_told_apart(make: MakeRig) -> None:
    script = "python3 -c 'bytearray(300 << 20)'; echo the script goes on; exit 5"
    rig = make()
    stop = rig.stops.wait(rig.launch(rig.request(script, memory_mib=64)))
    assert stop.oom_killed is True
    assert stop.exit_code == 5
    assert classify(stop).cause is Cause.OUT_OF_MEMORY


def test_an_image_of_an_unreachable_registry_has_a_stop_with_the_cause(make: MakeRig) -> None:
    rig = make(image="127.0.0.1:1/nowhere:1")
    stop = rig.stops.wait(rig.launch(rig.request("exit 0")))
    found = classify(stop, job_image=rig.image)
    assert (stop.exit_code, stop.stop_code) == (None, "TaskFailedToStart")
    assert (found.cause, found.retryable, found.subject) == (Cause.IMAGE_PULL, True, Subject.JOB)
    assert "connection refused" in found.text


def test_a_silent_registry_holds_up_no_other_launch_and_its_task_can_be_stopped(
    make: MakeRig,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rig = make()
        image = f"127.0.0.1:{silent.getsockname()[1]}/silent:1"
        stuck = rig.launch(rig.request("exit 0", image=image))
        assert rig.stops.wait(rig.launch(rig.request("exit 6"))).exit_code == 6
        rig.backend.stop(stuck, "nobody answers")
        stop = rig.stops.wait(stuck)
    assert (stop.exit_code, stop.stop_code, stop.reason) == (
        None,
        "UserInitiated",
        "nobody answers",
    )


def test_a_base_image_that_can_not_be_had_is_the_runners_failure(make: MakeRig) -> None:
    rig = make(runner_base="127.0.0.1:1/nothing:1", image="busybox")
    stop = rig.stops.wait(rig.launch(rig.request("exit 0")))
    found = classify(stop, job_image="busybox")
    assert (found.cause, found.subject) == (Cause.RUNNER_IMAGE_PULL, Subject.RUNNER)
    with pytest.raises(ServiceTrouble, match=r"127\.0\.0\.1:1/nothing:1"):
        rig.backend.release()


def test_an_image_for_another_architecture_is_told_as_that(
    make: MakeRig, docker_client: docker.DockerClient, owner: str
) -> None:
    tag = f"towline-variant:{owner}-arm"
    docker_client.images.load(empty_image(tag, "arm64"))
    try:
        rig = make(image=tag)
        stop = rig.stops.wait(rig.launch(rig.request("exit 0")))
        assert classify(stop, job_image=tag).cause is Cause.IMAGE_ARCH
    finally:
        docker_client.images.remove(tag)


def test_a_job_for_another_architecture_is_refused(make: MakeRig) -> None:
    rig = make()
    outcome = rig.backend.launch(rig.request("exit 0", arch="sparc"))
    assert isinstance(outcome, Refused)
    assert outcome.cause is Cause.IMAGE_ARCH


def test_a_container_that_somebody_removes_has_a_stop_in_words(
    make: MakeRig, docker_client: docker.DockerClient
) -> None:
    rig = make()
    _, task_id = rig.launch_until("ready", ENDLESS)
    docker_client.containers.get(task_id).remove(force=True)
    stop = rig.stops.wait(task_id)
    assert stop.exit_code == 137
    assert "through the engine" in stop.reason
    assert classify(stop).cause is None


def test_a_second_backend_of_the_same_owner_finds_the_task_of_the_first(make: MakeRig) -> None:
    first, second = make(), make()
    request, task_id = first.launch_until("ready", ENDLESS)
    assert second.launch(request) == task_id
    first.backend.stop(task_id, "enough")
    assert first.stops.wait(task_id).exit_code == second.stops.wait(task_id).exit_code
    assert len(first.service.jobs[request.job_id].claims) == 1


def test_no_engine_gives_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/no.sock"
    with pytest.raises(ServiceTrouble) as caught:
        DockerBackend(runner_url="", on_stop=lambda *_: None, owner="nobody", address=nowhere)
    assert str(caught.value).startswith(f"no Docker engine answers at {nowhere}: ")
    assert str(caught.value).endswith("use --backend process (No such file or directory)")


def test_launches_from_many_threads_of_one_request_are_one_task(make: MakeRig) -> None:
    rig = make()
    request = rig.request("exit 2")
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(rig.launch(request))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 1
    rig.stops.wait(ids[0])
    assert len(rig.service.jobs[request.job_id].claims) == 1


def test_the_engine_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ServiceTrouble, match=r"tcp://127\.0\.0\.1:1"):
        Engine().check()


def test_a_container_that_has_ended_is_not_started_again(
    make: MakeRig, docker_client: docker.DockerClient, busybox_image: str, owner: str
) -> None:
    """As when the engine's answer to the start was lost, and the launch is tried again."""
    rig = make()
    request = rig.request("exit 0")
    name = task_name(owner, request)
    ended = docker_client.containers.run(
        busybox_image,
        ["sh", "-c", "test -e /ran && exit 9; : >/ran; exit 6"],
        name=name,
        labels={OWNER_LABEL: owner},
        network_mode="none",
        detach=True,
    )
    ended.wait()
    assert rig.launch(request) == name
    assert rig.stops.wait(name).exit_code == 6
    assert rig.service.jobs[request.job_id].claims == []
