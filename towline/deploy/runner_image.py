"""The runner's image for a deployment: found, or built and pushed; always named by digest."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import DockerException

from towline.deploy.errors import DeployError, DeployFailed
from towline.runner_build import (
    DEFAULT_BASE,
    BuiltImage,
    RunnerImageError,
    ensure_image,
    runner_folder,
)
from towline.runner_build.sources import content_hash, image_files

if TYPE_CHECKING:
    from towline.deploy.progress import Progress
    from towline.deploy.runner_repository import RunnerRepository

ENGINE_ANSWERS_WITHIN_S = 5
PUSH_TIMEOUT_S = 600
TAG_DIGITS = 20
PLATFORMS: Mapping[str, str] = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """What the user said about the runner's image."""

    arch: str = "x86_64"
    """Of the jobs that run in it: ``x86_64`` or ``arm64``."""
    reference: str | None = None
    """An image that is in a registry already; none is built."""
    base: str | None = None


def engine() -> docker.DockerClient | None:
    """The Docker engine of this machine; None when none answers."""
    try:
        client = docker.from_env(timeout=ENGINE_ANSWERS_WITHIN_S)
    except DockerException:
        return None
    try:
        client.ping()
    except (DockerException, OSError):
        client.close()
        return None
    client.api.timeout = PUSH_TIMEOUT_S
    return client


def tag_of(content: str) -> str:
    """The image's tag in the repository: by content, so that the same one is pushed once."""
    return content[:TAG_DIGITS]


def given(repository: RunnerRepository, reference: str) -> str:
    """The image that the user named, by digest. Raises ``DeployError`` when it can't be told."""
    if _DIGEST.match(reference):
        return reference
    tag = reference.removeprefix(f"{repository.uri}:")
    if "/" in tag or ":" in tag or "@" in tag:
        raise DeployError(
            f"--runner-image {reference} must name an image by its digest (NAME@sha256:...), as a "
            f"tag may move; a tag alone is taken for one of {repository.uri}"
        )
    digest = repository.digest(tag)
    if digest is None:
        raise DeployError(f"--runner-image {reference}: {repository.uri} has no image {tag}")
    return f"{repository.uri}@{digest}"


def built(
    client: docker.DockerClient,
    repository: RunnerRepository,
    choice: ImageChoice,
    progress: Progress,
) -> str:
    """Build the image here if need be, push it if it is not there yet; its name by digest.

    Repeatable, also by two at once: both push the same content under the same tag, which never
    moves. Raises ``DeployError`` when the image is of another platform than the jobs.
    """
    try:
        image = ensure_image(client, base=choice.base, progress=progress.say)
    except RunnerImageError as trouble:
        raise DeployFailed(_sentence(trouble)) from trouble
    check_platform(client, image, choice.arch)
    tag = tag_of(image.content)
    digest = repository.digest(tag)
    if digest is None:
        progress.say(f"pushing the runner's image {tag} to {repository.uri}")
        digest = _push(client, repository, image, tag) or repository.digest(tag)
        progress.say(f"pushed the runner's image {tag}")
    if digest is None:
        raise DeployFailed(f"the runner's image {tag} was pushed, but {repository.uri} lacks it")
    return f"{repository.uri}@{digest}"


def expected_tag(client: docker.DockerClient, choice: ImageChoice) -> str | None:
    """The tag that ``built`` would push; None when the base is not on this engine to tell by."""
    base = choice.base or os.environ.get("TOWLINE_RUNNER_BASE") or DEFAULT_BASE
    try:
        base_id = str(client.images.get(base).id)
    except DockerException:
        return None
    return tag_of(content_hash(image_files(runner_folder()), base_id))


def check_platform(client: docker.DockerClient, image: BuiltImage, arch: str) -> None:
    """Raise ``DeployError`` when jobs of this architecture could not start from the image."""
    attributes: Any = client.images.get(image.image_id).attrs
    has = f"{attributes.get('Os', '?')}/{attributes.get('Architecture', '?')}"
    wanted = PLATFORMS[arch]
    if has != wanted:
        other = next((name for name, platform in PLATFORMS.items() if platform == has), None)
        instead = f", or deploy with --arch {other}" if other else ""
        raise DeployError(
            f"the runner's image {image.tag} that this engine makes is for {has}, but jobs of "
            f"--arch {arch} need {wanted}: every one of them would fail to start. Set "
            f"--runner-base to a {wanted} image on an engine that can run it, deploy from a "
            f"machine of that kind{instead}"
        )


def commands(repository: RunnerRepository, choice: ImageChoice, *, region: str, stage: str) -> str:
    """What to type where an engine is, one command a line."""
    base = choice.base or os.environ.get("TOWLINE_RUNNER_BASE") or DEFAULT_BASE
    folder = runner_folder()
    tag = tag_of(content_hash(image_files(folder), f"{base} {choice.arch}"))
    image = f"{repository.uri}:{tag}"
    options = f"--platform {PLATFORMS[choice.arch]} --build-arg BASE={shlex.quote(base)}"
    login = f"docker login --username AWS --password-stdin {repository.registry}"
    deploy = f"towline deploy --stage {stage} --region {region}"
    lines = (
        f"docker build {options} --tag {image} {shlex.quote(str(folder))}",
        f"aws ecr get-login-password --region {region} | {login}",
        f"docker push {image}",
        f"{deploy} --arch {choice.arch} --runner-image {tag}",
    )
    return "\n".join(f"  {line}" for line in lines)


def _push(
    client: docker.DockerClient, repository: RunnerRepository, image: BuiltImage, tag: str
) -> str | None:
    login = repository.login()
    name = f"{repository.uri}:{tag}"
    try:
        client.api.tag(image.image_id, repository.uri, tag)
        try:
            return _pushed_digest(client, repository, tag, login.user, login.password)
        finally:
            # Only the name that the push needed; the image itself stays.
            client.api.remove_image(name, noprune=True)
    except DockerException as trouble:
        raise DeployFailed(f"the runner's image {name} could not be pushed: {trouble}") from trouble


def _pushed_digest(
    client: docker.DockerClient, repository: RunnerRepository, tag: str, user: str, password: str
) -> str | None:
    digest = None
    events = client.api.push(
        repository.uri,
        tag,
        stream=True,
        decode=True,
        auth_config={"username": user, "password": password},
    )
    for event in events:
        if "error" in event:
            said = str(event["error"])
            # Tags are immutable: somebody else pushed the same content a moment ago.
            if "already exists" in said or "immutable" in said:
                return repository.digest(tag)
            raise DeployFailed(
                f"the runner's image {repository.uri}:{tag} could not be pushed: {said}. Repeat "
                "the command; layers that arrived are not sent again"
            )
        digest = event.get("aux", {}).get("Digest") or digest
    return digest


def _sentence(trouble: RunnerImageError) -> str:
    # Local mode's way out is none here.
    return str(trouble).replace("; or use --backend process", "")
