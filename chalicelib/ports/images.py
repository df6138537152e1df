"""What a registry says of a job's image before the job is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.ports.credentials import RegistryLogin


@dataclass(frozen=True, slots=True)
class Platforms:
    """What an image can run on, each as ``linux/amd64``."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class NoSuchImage:
    """The registry says for certain that it has no such image. ``said``: its own words."""

    said: str


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The registry could not be asked, or its answer says nothing certain."""

    why: str


ImageFacts = Platforms | NoSuchImage | CannotTell


class ImageInspector(Protocol):
    """Asks registries about images, within seconds and without raising."""

    def inspect(self, image: str, login: RegistryLogin | None, *, wanted: str) -> ImageFacts:
        """What is known of the image. An answer from memory has the ``wanted`` platform."""
        ...
