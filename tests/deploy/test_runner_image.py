"""The runner's image, built by a real engine and pushed to a real registry that wants a login.

The registry stands for ECR: it speaks the same protocol. What only ECR has, tokens and
DescribeImages, is answered from it.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import docker
import pytest
from botocore.exceptions import ClientError
from docker.errors import ImageNotFound

from tests.conftest import Registry
from tests.deploy.world import Told
from towline.deploy import runner_image
from towline.deploy.errors import DeployError, DeployFailed
from towline.deploy.runner_image import ImageChoice
from towline.deploy.runner_repository import RunnerRepository

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
pytestmark = [pytest.mark.docker, pytest.mark.registry]


class EcrOverRegistry:
    """The two calls of ECR that a push needs, over a plain registry with a password."""

    def __init__(self, registry: Registry, password: str | None = None) -> None:
        user, real = registry.login or ("", "")
        self._address = registry.address
        self._true = base64.b64encode(f"{user}:{real}".encode()).decode()
        self._given = base64.b64encode(f"{user}:{password or real}".encode()).decode()

    def get_authorization_token(self) -> Any:
        return {"authorizationData": [{"authorizationToken": self._given}]}

    def describe_images(self, *, repositoryName: str, imageIds: list[Any]) -> Any:  # noqa: N803
        tag = imageIds[0]["imageTag"]
        request = Request(
            f"http://{self._address}/v2/{repositoryName}/manifests/{tag}",
            headers={"Accept": MANIFEST, "Authorization": f"Basic {self._true}"},
        )
        try:
            with urlopen(request, timeout=30) as answer:
                digest = answer.headers["Docker-Content-Digest"]
        except HTTPError as error:
            if error.code != 404:
                raise
            missing: Any = {"Error": {"Code": "ImageNotFoundException"}}
            raise ClientError(missing, "DescribeImages") from None
        pushed_at = datetime(2026, 11, 1, tzinfo=UTC)
        return {
            "imageDetails": [
                {"imageDigest": digest, "imageTags": [tag], "imagePushedAt": pushed_at}
            ]
        }


def repository(registry: Registry, name: str, password: str | None = None) -> RunnerRepository:
    ecr = cast("Any", EcrOverRegistry(registry, password))
    return RunnerRepository(ecr, f"{registry.address}/{name}")


@pytest.fixture
def choice(base_image: str, docker_client: docker.DockerClient) -> ImageChoice:
    """The jobs' processor is this engine's, whatever that is."""
    architecture = docker_client.images.get(base_image).attrs["Architecture"]
    return ImageChoice({"amd64": "x86_64", "arm64": "arm64"}[architecture], base=base_image)


def test_the_image_is_pushed_once_and_named_by_a_digest_that_can_be_pulled(
    docker_client: docker.DockerClient, closed_registry: Registry, choice: ImageChoice
) -> None:
    told, where = Told(), repository(closed_registry, "deploy/runner")
    image = runner_image.built(docker_client, where, choice, told)
    assert image.startswith(f"{where.uri}@sha256:")
    user, password = closed_registry.login or ("", "")
    login = {"username": user, "password": password}
    pulled = docker_client.images.pull(image, auth_config=login)
    assert pulled.labels["towline.content"]
    docker_client.images.remove(image)
    told.said.clear()
    assert runner_image.built(docker_client, where, choice, told) == image
    assert told.said == []
    # The name that the push needed is not left on the engine.
    tag = runner_image.expected_tag(docker_client, choice)
    with pytest.raises(ImageNotFound):
        docker_client.images.get(f"{where.uri}:{tag}")
    assert runner_image.given(where, str(tag)) == image
    assert runner_image.given(where, f"{where.uri}:{tag}") == image


def test_a_login_that_is_not_taken_is_told_in_words(
    docker_client: docker.DockerClient, closed_registry: Registry, choice: ImageChoice
) -> None:
    where = repository(closed_registry, "deploy/refused", password="wrong")
    with pytest.raises(DeployFailed, match=r"could not be pushed: .*(auth|denied|credentials)"):
        runner_image.built(docker_client, where, choice, Told())


def test_an_image_of_another_platform_is_refused_before_anything_is_pushed(
    docker_client: docker.DockerClient, closed_registry: Registry, choice: ImageChoice
) -> None:
    other = "arm64" if choice.arch == "x86_64" else "x86_64"
    where = repository(closed_registry, "deploy/platform")
    with pytest.raises(DeployError) as refused:
        runner_image.built(docker_client, where, ImageChoice(other, base=choice.base), Told())
    assert f"jobs of --arch {other} need {runner_image.PLATFORMS[other]}" in str(refused.value)
    assert f"or deploy with --arch {choice.arch}" in str(refused.value)
    assert where.digest(str(runner_image.expected_tag(docker_client, choice))) is None


def test_a_base_that_is_not_there_is_told_without_local_modes_advice(
    docker_client: docker.DockerClient, closed_registry: Registry, choice: ImageChoice
) -> None:
    missing = ImageChoice(choice.arch, base=f"{closed_registry.address}/no/base:1")
    with pytest.raises(DeployFailed) as failed:
        runner_image.built(docker_client, repository(closed_registry, "x"), missing, Told())
    assert "can't be pulled" in str(failed.value)
    assert "--backend" not in str(failed.value)
