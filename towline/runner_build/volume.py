"""The volume that holds the runner's folder for jobs with an image of their own.

An engine copies an image's folder into an empty volume when it creates a container that mounts the
volume there. A process or an engine that dies meanwhile leaves a volume that is half filled, so a
volume is believed only with a proof: a marker file, written last. Reading it takes a container, so
the finding is kept where it costs one request: in a tag of the image that names the volume's mark,
a random label that a volume of the same name made by anyone else doesn't have.
"""

from __future__ import annotations

import io
import secrets
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from towline.runner_build.errors import RunnerImageError
from towline.runner_build.image import FOLDER, REPOSITORY

MARK_LABEL = "towline.mark"
MARKER = "filled"
IN_USE_PATIENCE_S = 30.0
IN_USE_PAUSE_S = 0.5


def volume_name(content: str) -> str:
    return f"{REPOSITORY}-{content[:12]}"


def ensure_volume(
    client: docker.DockerClient, *, image_id: str, content: str, progress: Callable[[str], None]
) -> str:
    """The name of a volume that surely holds the folder of this image. Repeatable.

    A volume that is not whole is made anew. Raises ``RunnerImageError``, also when such a volume
    is in use and does not become free.
    """
    name = volume_name(content)
    patience_ends = time.monotonic() + IN_USE_PATIENCE_S
    try:
        while True:
            mark = _mark_of(client, name)
            if mark and _is_whole(client, name, mark=mark, image_id=image_id, content=content):
                return name
            if _remove(client, name):
                break
            if time.monotonic() > patience_ends:
                raise RunnerImageError(
                    f"The volume {name} holds the runner only in part, and a container uses it. "
                    "Remove that container (docker ps -a --filter "
                    f"volume={name}) and try again."
                )
            # Another process may be filling it right now: then it will be whole soon.
            time.sleep(IN_USE_PAUSE_S)
        progress(f"filling the volume {name} with the runner (only the first time)")
        _fill(client, name, image_id=image_id, content=content)
    except DockerException as trouble:
        raise RunnerImageError(
            f"The volume {name} can't be filled with the runner: {trouble}"
        ) from trouble
    return name


def _mark_of(client: docker.DockerClient, name: str) -> str | None:
    try:
        volume = client.volumes.get(name)
    except NotFound:
        return None
    return (volume.attrs.get("Labels") or {}).get(MARK_LABEL)


def _proof_tag(content: str, mark: str) -> str:
    return f"{content[:12]}-volume-{mark}"


def _is_whole(
    client: docker.DockerClient, name: str, *, mark: str, image_id: str, content: str
) -> bool:
    tag = _proof_tag(content, mark)
    try:
        client.images.get(f"{REPOSITORY}:{tag}")
    except ImageNotFound:
        if _read_marker(client, name, image_id) != content:
            return False
        client.api.tag(image_id, REPOSITORY, tag)
    return True


def _fill(client: docker.DockerClient, name: str, *, image_id: str, content: str) -> None:
    mark = secrets.token_hex(6)
    client.volumes.create(name, labels={MARK_LABEL: mark})
    with _container_with(client, name, image_id) as container:
        container.put_archive(FOLDER, _archive_of(MARKER, content.encode()))
    client.api.tag(image_id, REPOSITORY, _proof_tag(content, mark))


def _read_marker(client: docker.DockerClient, name: str, image_id: str) -> str | None:
    with _container_with(client, name, image_id) as container:
        try:
            stream, _ = container.get_archive(f"{FOLDER}/{MARKER}")
        except NotFound:
            return None
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            member = tar.extractfile(MARKER)
            return member.read().decode() if member else None


@contextmanager
def _container_with(client: docker.DockerClient, name: str, image_id: str) -> Iterator[Container]:
    """A container that is never started: creating it is what fills an empty volume."""
    mount = {name: {"bind": FOLDER, "mode": "rw"}}
    container = client.containers.create(image_id, volumes=mount, network_disabled=True)
    try:
        yield container
    finally:
        container.remove(force=True)


def _remove(client: docker.DockerClient, name: str) -> bool:
    """False: a container uses it. True: it is not there (any more)."""
    try:
        client.volumes.get(name).remove()
    except NotFound:
        return True
    except APIError as trouble:
        if trouble.status_code == 409:
            return False
        raise
    return True


def _archive_of(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        member.mode = 0o644
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
