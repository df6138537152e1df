"""Finding and building the runner's image."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from towline.runner_build.errors import RunnerImageError
from towline.runner_build.sources import build_context

REPOSITORY = "towline-runner"
CONTENT_LABEL = "towline.content"
STAGE_LABEL = "towline.stage"
# COPY of the runner, ARG, LABEL and RUN in the Dockerfile's first stage.
STAGE_STEPS = 4
FOLDER = "/towline"
# The same words as in runner_image/Dockerfile; a test compares them.
ENTRYPOINT = (
    f"{FOLDER}/loader", "--inhibit-cache", "--library-path", f"{FOLDER}/lib",
    f"{FOLDER}/bin/python3", "-I", "-S", "-B", f"{FOLDER}/runner/towline_runner/__main__.py",
)  # fmt: skip
KEPT_LINES = 15
SHOWN_WIDTH = 100


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """The runner's image on one engine."""

    tag: str
    """``towline-runner:<12 hex digits of the content's hash>``."""
    image_id: str
    """``sha256:...``: this engine's name of it; a registry has another, its digest."""
    content: str
    """64 hex digits: the hash of the runner's files and of the base image."""


@dataclass(frozen=True, slots=True)
class RunnerImage:
    """A runner that is ready to be used on one engine."""

    tag: str
    """``towline-runner:<12 hex digits of the content's hash>``."""
    image_id: str
    """``sha256:...``: what to start containers from; a tag may move, an id can't."""
    content: str
    """64 hex digits: the hash of the runner's files and of the base image."""
    volume: str
    """Holds the image's folder; mount it read-only at ``folder`` in a job's own image."""
    folder: str = FOLDER
    entrypoint: tuple[str, ...] = ENTRYPOINT
    """The command that starts the runner in any image that has the folder."""


def image_tag(content: str) -> str:
    return f"{REPOSITORY}:{content[:12]}"


def base_image_id(client: docker.DockerClient, base: str, progress: Callable[[str], None]) -> str:
    """The id of the base image, pulled when the engine does not have it."""
    try:
        return _id_of(client, base)
    except ImageNotFound:
        progress(f"pulling {base}, the base of the runner's image")
    try:
        for event in client.api.pull(*_repository_and_tag(base), stream=True, decode=True):
            if "error" in event:
                raise _base_missing(base, str(event["error"]))
        return _id_of(client, base)
    except DockerException as trouble:
        raise _base_missing(base, _words(trouble)) from trouble


def find_image(client: docker.DockerClient, content: str) -> str | None:
    """The id of the image that was built from this content; None: there is none on this engine."""
    try:
        image = client.images.get(image_tag(content))
    except ImageNotFound:
        return None
    # A tag is twelve digits and anyone's to set; the label holds all of them.
    return str(image.id) if image.labels.get(CONTENT_LABEL) == content else None


def build_image(
    client: docker.DockerClient,
    files: dict[str, bytes],
    *,
    content: str,
    base_id: str,
    base: str,
    progress: Callable[[str], None],
) -> str:
    """Build, tag and label the image; returns its id. Repeatable. Raises ``RunnerImageError``."""
    tag = image_tag(content)
    progress(f"building the runner's image {tag} on {base} (only the first time)")
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        events = client.api.build(
            fileobj=build_context(files), custom_context=True, tag=tag, rm=True, forcerm=True,
            decode=True, buildargs={"BASE": base_id, "CONTENT": content},
            labels={CONTENT_LABEL: content},
        )  # fmt: skip
        for event in events:
            _follow(event, base, lines, progress)
        image_id = find_image(client, content)
    except DockerException as trouble:
        raise _build_failed(base, _words(trouble), lines) from trouble
    if image_id is None:
        raise _build_failed(base, "the engine built it but does not show it", lines)
    _remove_build_stage(client, content)
    return image_id


def _follow(
    event: Mapping[str, Any], base: str, lines: deque[str], progress: Callable[[str], None]
) -> None:
    if "error" in event:
        raise _build_failed(base, str(event["error"]), lines)
    for line in str(event.get("stream", "")).splitlines():
        if line.strip():
            lines.append(line.rstrip())
            if line.startswith(("Step ", "assemble: ")):
                progress(line.strip()[:SHOWN_WIDTH])


def _remove_build_stage(client: docker.DockerClient, content: str) -> None:
    """The build's first stage stays behind as an image without a name; nobody needs it.

    The steps of this build alone are removed, one by one: earlier ones, which may have installed
    packages, another build may be standing on at this moment.
    """
    mine = {"dangling": True, "label": [f"{STAGE_LABEL}={content}"]}
    try:
        for image in client.images.list(filters=mine):
            layer = str(image.id)
            for _ in range(STAGE_STEPS):
                parent = str(client.images.get(layer).attrs.get("Parent") or "")
                client.api.remove_image(layer, noprune=True)
                if not parent:
                    break
                layer = parent
    except APIError:
        # Somebody else is cleaning up, too; leftovers cost disk, not correctness.
        return


def _repository_and_tag(reference: str) -> tuple[str, str | None]:
    repository, colon, tag = reference.rpartition(":")
    if "@" in reference or not colon or "/" in tag:
        return reference, None if "@" in reference else "latest"
    return repository, tag


def _id_of(client: docker.DockerClient, reference: str) -> str:
    return str(client.images.get(reference).id)


def _words(trouble: DockerException) -> str:
    explanation = getattr(trouble, "explanation", None)
    return str(explanation or trouble).strip()


def _base_missing(base: str, reason: str) -> RunnerImageError:
    return RunnerImageError(
        f"The base image {base} of the runner's image is not on this engine and can't be pulled: "
        f"{reason.rstrip('.')}. Set TOWLINE_RUNNER_BASE to a Debian-like image that the engine has "
        "or can pull, one with python3 and ca-certificates if the engine can't install them; or "
        "use --backend process."
    )


def _build_failed(base: str, reason: str, lines: deque[str]) -> RunnerImageError:
    last = "\n".join(f"  {line}" for line in lines)
    return RunnerImageError(
        f"Building the runner's image on {base} failed: {reason.rstrip('.')}. "
        f"The last lines were:\n{last}\nMend what they say, or set TOWLINE_RUNNER_BASE to another "
        "base image (glibc, with python3 and ca-certificates)."
    )
