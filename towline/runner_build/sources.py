"""The files that the runner's image is made of."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import towline
from towline.runner_build.errors import RunnerImageError

PACKAGE = "towline_runner"
# Part of the content's hash: raise it when an image built from the same files would come out
# different because this package builds it differently.
BUILD_VERSION = 1


def runner_folder() -> Path:
    """``runner_image/``: the Dockerfile and what it copies. Raises ``RunnerImageError``."""
    folder = Path(towline.__file__).resolve().parent.parent / "runner_image"
    if not (folder / "Dockerfile").is_file():
        raise RunnerImageError(
            f"{folder} holds no Dockerfile: this installation of Towline is incomplete. "
            "Install it again."
        )
    return folder


def runner_program() -> Path:
    """The runner as a program, for a Python that is there already: ``python -I -S <this>``."""
    return runner_folder() / PACKAGE


def image_files(folder: Path) -> dict[str, bytes]:
    """Path in the build's context -> content, of every file that goes into the image."""
    files = [folder / "Dockerfile", folder / "assemble.py", *(folder / PACKAGE).rglob("*.py")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(files)}


def content_hash(files: dict[str, bytes], base_id: str) -> str:
    """64 hex digits that name the image made from these files on that base image."""
    digest = hashlib.sha256(f"{BUILD_VERSION}\n{base_id}\n".encode())
    for path, content in sorted(files.items()):
        digest.update(f"{path}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def build_context(files: dict[str, bytes]) -> io.BytesIO:
    """The files as the tar archive that an engine builds from. Times and owners are all zero, so
    that the engine's cache sees the same context for the same content."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(content))
    archive.seek(0)
    return archive
