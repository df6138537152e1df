"""The parts of an image's name, as container engines read it. Pure.

https://pkg.go.dev/github.com/distribution/reference
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
"""The registry of a name without one; a name without a slash is in its folder ``library``."""

_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?\Z")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """``registry`` is its host, with the port if it has one."""

    registry: str
    repository: str
    version: str
    """The digest where there is one, else the tag, else ``latest``."""

    @property
    def is_digest(self) -> bool:
        return ":" in self.version


def parse_reference(image: str) -> ImageReference:
    """The parts of ``debian:12`` or ``ghcr.io/acme/web@sha256:...``.

    Raises ``ValueError`` for what no registry can have.
    """
    name, at, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    registry, path = DOCKER_HUB, name
    if slash and (first == "localhost" or "." in first or ":" in first):
        registry, path = registry_name(first), rest
    head, colon, tag = path.rpartition(":")
    repository, tag = (head, tag) if colon else (path, "latest")
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    good = _DIGEST.match(digest) if at else True
    if not (good and _REPOSITORY.match(repository) and _TAG.match(tag)):
        raise ValueError(f"{image!r} is not an image reference such as debian:12")
    return ImageReference(registry, repository, digest if at else tag)


def registry_name(text: str) -> str:
    """A registry's host as references name it. Raises ``ValueError`` for what is no host."""
    host = text.lower()
    if not _HOST.match(host) or ".." in host:
        raise ValueError(
            f"{text[:100]!r} is not the host of a registry such as ghcr.io (docker.io is Docker "
            "Hub): no scheme and no path"
        )
    return DOCKER_HUB if host in _HUB_NAMES else host
