"""A runner that is ready on an engine: its image alone, or with its volume."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException

from towline.runner_build.errors import RunnerImageError
from towline.runner_build.image import (
    BuiltImage,
    RunnerImage,
    base_image_id,
    build_image,
    find_image,
    image_tag,
)
from towline.runner_build.sources import content_hash, image_files, runner_folder
from towline.runner_build.volume import ensure_volume

DEFAULT_BASE = "debian:bookworm-slim"


def ensure_runner(
    client: docker.DockerClient, *, base: str | None, progress: Callable[[str], None]
) -> RunnerImage:
    """Find the runner's image and its volume on this engine, or make them. Repeatable.

    As ``ensure_image``, and the volume besides, which jobs with an image of their own mount.

    Raises ``RunnerImageError``.
    """
    with _engine_answers(), _one_at_a_time(progress):
        built = _image(client, base, progress)
        volume = ensure_volume(
            client, image_id=built.image_id, content=built.content, progress=progress
        )
    return RunnerImage(tag=built.tag, image_id=built.image_id, content=built.content, volume=volume)


def ensure_image(
    client: docker.DockerClient, *, base: str | None, progress: Callable[[str], None]
) -> BuiltImage:
    """Find the runner's image on this engine, or build it. Repeatable.

    ``base`` is the image that jobs without one of their own run in; None: TOWLINE_RUNNER_BASE, else
    ``DEFAULT_BASE``. The image is known by its content: the runner's files and the base's id. The
    first build takes seconds to half a minute and is told to ``progress``, a sentence at a time;
    finding it again takes some ten milliseconds and says nothing. Processes that ask at once share
    one build.

    Raises ``RunnerImageError``.
    """
    with _engine_answers(), _one_at_a_time(progress):
        return _image(client, base, progress)


def _image(
    client: docker.DockerClient, base: str | None, progress: Callable[[str], None]
) -> BuiltImage:
    base = base or os.environ.get("TOWLINE_RUNNER_BASE") or DEFAULT_BASE
    files = image_files(runner_folder())
    base_id = base_image_id(client, base, progress)
    content = content_hash(files, base_id)
    image_id = find_image(client, content) or build_image(
        client, files, content=content, base_id=base_id, base=base, progress=progress
    )
    return BuiltImage(tag=image_tag(content), image_id=image_id, content=content)


@contextmanager
def _engine_answers() -> Iterator[None]:
    try:
        yield
    except DockerException as trouble:
        raise RunnerImageError(
            f"The Docker engine did not answer while the runner's image was looked for: {trouble}. "
            "Is it running, and may you use it?"
        ) from trouble


@contextmanager
def _one_at_a_time(progress: Callable[[str], None]) -> Iterator[None]:
    """Let one process of this user build at a time: the others find its image."""
    path = Path(tempfile.gettempdir()) / f"towline-runner-build-{os.getuid()}.lock"
    # O_NOFOLLOW: the folder is everyone's, a link there must not lead elsewhere.
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that is building the runner's image")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
