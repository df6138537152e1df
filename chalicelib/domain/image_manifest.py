"""What a registry's manifest says of the platforms that an image runs on. Pure.

https://github.com/opencontainers/image-spec/blob/main/image-index.md, manifest.md and config.md;
Docker's own forms are alike (https://distribution.github.io/distribution/spec/manifest-v2-2/).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""The forms that are understood here."""

PLATFORM_OF_ARCH = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
"""Our names of architectures as registries write them."""
_CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


@dataclass(frozen=True, slots=True)
class InConfig:
    """One image, which does not say its platform: the blob of this digest does."""

    digest: str


def platforms_of_manifest(text: str | bytes) -> frozenset[str] | InConfig | None:
    """Platforms such as ``linux/arm64``; None: it can't be told from this."""
    manifest = _object(text)
    entries = manifest.get("manifests")
    if isinstance(entries, list):
        return _of_index(entries)
    config = manifest.get("config")
    if isinstance(config, dict) and config.get("mediaType") in _CONFIG_TYPES:
        digest = config.get("digest")
        return InConfig(digest) if isinstance(digest, str) else None
    return None


def platforms_of_config(text: str | bytes) -> frozenset[str] | None:
    """The one platform of an image's configuration; None: it does not say."""
    platform = _platform(_object(text))
    return None if platform is None else frozenset({platform})


def arches(platforms: frozenset[str]) -> str:
    """For people: ``arm64 and x86_64``, or other platforms as registries write them."""
    ours = {platform: arch for arch, platform in PLATFORM_OF_ARCH.items()}
    return " and ".join(sorted(ours.get(platform, platform) for platform in platforms)) or "none"


def _of_index(entries: list[Any]) -> frozenset[str] | None:
    found = set()
    for entry in entries:
        platform = _platform(entry.get("platform")) if isinstance(entry, dict) else None
        if platform is None:
            return None  # engines look into such an entry, and so would have to be done here
        # Builders keep their attestations in the index, as images of no platform.
        if platform != "unknown/unknown":
            found.add(platform)
    return frozenset(found)


def _platform(described: Any) -> str | None:
    if not isinstance(described, dict):
        return None
    system, arch = described.get("os"), described.get("architecture")
    if not (isinstance(system, str) and isinstance(arch, str) and system and arch):
        return None
    return f"{system}/{arch}"[:100]


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
