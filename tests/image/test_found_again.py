"""The runner's image is built once and found by its content; its volume is whole or made anew."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from tests.image.in_image import InImage
from towline.runner_build import RunnerImage, RunnerImageError, ensure_runner
from towline.runner_build.image import build_image, find_image
from towline.runner_build.sources import content_hash, image_files, runner_folder
from towline.runner_build.volume import ensure_volume, volume_name

pytestmark = pytest.mark.docker


class OwnRunner:
    """A runner image that no other test uses: its files differ by a comment."""

    def __init__(self, client: docker.DockerClient, base: str, comment: str) -> None:
        self.client, self.base = client, base
        self.base_id = str(client.images.get(base).id)
        self.files = image_files(runner_folder())
        self.files["Dockerfile"] += f"# {comment}\n".encode()
        self.content = content_hash(self.files, self.base_id)
        self.said: list[str] = []

    def build(self) -> str:
        return build_image(
            self.client,
            self.files,
            content=self.content,
            base_id=self.base_id,
            base=self.base,
            progress=self.said.append,
        )

    def fill(self, image_id: str) -> str:
        return ensure_volume(
            self.client, image_id=image_id, content=self.content, progress=self.said.append
        )

    def remove_volume(self) -> None:
        with contextlib.suppress(NotFound):
            self.client.volumes.get(volume_name(self.content)).remove(force=True)

    def remove_image(self) -> None:
        for image in self.client.images.list("towline-runner"):
            for tag in image.tags:
                if tag.startswith(f"towline-runner:{self.content[:12]}"):
                    self.client.images.remove(tag)


@pytest.fixture
def own(
    docker_client: docker.DockerClient, base_image: str, request: pytest.FixtureRequest
) -> Iterator[OwnRunner]:
    own = OwnRunner(docker_client, base_image, request.node.name)
    own.remove_volume()
    own.remove_image()
    yield own
    own.remove_volume()
    own.remove_image()


def test_second_asking_builds_nothing_and_says_nothing(
    docker_client: docker.DockerClient, base_image: str, runner_image: RunnerImage
) -> None:
    said: list[str] = []
    assert ensure_runner(docker_client, base=base_image, progress=said.append) == runner_image
    assert [line for line in said if not line.startswith("waiting")] == []


def test_base_is_taken_from_the_environment_when_none_is_given(
    docker_client: docker.DockerClient,
    base_image: str,
    runner_image: RunnerImage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOWLINE_RUNNER_BASE", base_image)
    assert ensure_runner(docker_client, base=None, progress=print) == runner_image


def test_image_is_not_found_before_it_is_built_and_then_by_its_content(own: OwnRunner) -> None:
    assert find_image(own.client, own.content) is None
    image_id = own.build()
    assert find_image(own.client, own.content) == image_id
    assert any("building the runner's image" in line for line in own.said)
    assert any(line.startswith("Step ") for line in own.said)


def test_image_with_the_tag_but_other_content_is_not_taken_for_it(own: OwnRunner) -> None:
    own.client.api.tag(own.base_id, "towline-runner", own.content[:12])
    assert find_image(own.client, own.content) is None


def test_build_leaves_no_nameless_stage_behind(own: OwnRunner) -> None:
    own.build()
    label = f"towline.stage={own.content}"
    left = own.client.images.list(filters={"dangling": True, "label": label})
    assert left == []


def test_volume_is_filled_once(own: OwnRunner) -> None:
    image_id = own.build()
    own.said.clear()
    name = own.fill(image_id)
    assert own.fill(image_id) == name
    assert len(own.said) == 1


def test_volume_that_someone_left_half_filled_is_filled_anew(
    own: OwnRunner, busybox_image: str
) -> None:
    image_id = own.build()
    name = volume_name(own.content)
    own.client.volumes.create(name, labels={"towline.mark": "f00"})
    mount = {name: {"bind": "/towline", "mode": "rw"}}
    own.client.containers.run(
        busybox_image, ["touch", "/towline/loader"], volumes=mount, remove=True
    )
    assert own.fill(image_id) == name
    runner = RunnerImage("", image_id, own.content, name)
    assert InImage(own.client, runner).text(busybox_image, "print(1)") == "1\n"


def test_volume_stays_believed_when_the_tag_that_vouches_for_it_is_pruned(own: OwnRunner) -> None:
    name = own.fill(own.build())
    created = own.client.volumes.get(name).attrs["CreatedAt"]
    own.remove_image()
    own.said.clear()
    assert own.fill(own.build()) == name
    assert own.client.volumes.get(name).attrs["CreatedAt"] == created
    assert not [line for line in own.said if line.startswith("filling")]


ASK = """
import sys
from pathlib import Path
import docker
import towline.runner_build.ensure as asked
asked.runner_folder = lambda: Path(sys.argv[2])
runner = asked.ensure_runner(docker.from_env(), base=sys.argv[1], progress=print)
print(runner.image_id, runner.volume)
"""


def test_processes_that_ask_at_once_share_one_build_and_one_volume(
    own: OwnRunner, tmp_path: Path
) -> None:
    folder = tmp_path / "runner_image"
    shutil.copytree(runner_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "Dockerfile").write_bytes(own.files["Dockerfile"])
    command = [sys.executable, "-c", ASK, own.base, str(folder)]
    asking = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=runner_folder().parent)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[0].splitlines() for process in asking]
    assert len({lines[-1] for lines in said}) == 1
    everything = [line for lines in said for line in lines]
    assert sum(line.startswith("building") for line in everything) == 1
    assert sum(line.startswith("filling") for line in everything) == 1


def test_missing_base_is_told_in_a_sentence_that_says_what_to_set(
    docker_client: docker.DockerClient,
) -> None:
    with pytest.raises(RunnerImageError, match="TOWLINE_RUNNER_BASE") as caught:
        ensure_runner(docker_client, base="127.0.0.1:9/nobody/nothing:1", progress=print)
    assert "127.0.0.1:9/nobody/nothing:1" in str(caught.value)


def test_base_that_the_runner_cannot_be_built_on_is_told_with_the_last_lines(
    docker_client: docker.DockerClient, busybox_image: str
) -> None:
    with pytest.raises(RunnerImageError, match=r"TOWLINE_RUNNER_BASE") as caught:
        ensure_runner(docker_client, base=busybox_image, progress=lambda line: None)
    assert "apt-get: not found" in str(caught.value)
