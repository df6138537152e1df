"""Having a job's image on the engine, and saying in ECS's words why it can't be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.ports import RegistryLogin
from towline.backends.docker_engine import Engine, EngineFacts, EngineGone, EngineRefusal

ARCHITECTURES = {"amd64": "x86_64", "aarch64": "arm64"}
"""Names of architectures as images have them, in our words."""


class ImageUnavailable(Exception):  # noqa: N818
    """The image can't be had. The text begins like ECS's reason: one table classifies both."""


def split_reference(reference: str) -> tuple[str, str]:
    """Repository, and tag or digest; without either it is ``latest``, as for ``docker pull``."""
    repository, at, digest = reference.partition("@")
    if at:
        return repository, digest
    repository, colon, tag = reference.rpartition(":")
    if colon and "/" not in tag:
        return repository, tag
    return reference, "latest"


def have_image(
    engine: Engine,
    reference: str,
    facts: EngineFacts,
    *,
    on_pull: Callable[[], None] = lambda: None,
    login: Callable[[], RegistryLogin | None] = lambda: None,
) -> Mapping[str, Any]:
    """The image, pulled when it is not here; one that is here is not asked for again.

    ``on_pull`` is called just before a pull, and ``login`` for what to show the registry. Raises
    ``ImageUnavailable`` with the registry's words, or ``EngineGone``. May be repeated.
    """
    image = engine.image(reference)
    if image is None:
        on_pull()
        _pull(engine, reference, login())
        image = engine.image(reference)
    if image is None:
        raise ImageUnavailable(
            f"CannotPullContainerError: {reference} was pulled, but the engine does not have it"
        )
    arch = ARCHITECTURES.get(image.get("Architecture", ""), image.get("Architecture", ""))
    if arch and arch != facts.arch:
        raise ImageUnavailable(
            f"CannotPullContainerError: {reference} is for {arch}: the image Manifest does not "
            f"contain descriptor matching platform {facts.arch}"
        )
    return image


def digest_of(image: Mapping[str, Any], reference: str) -> str:
    """``repository@sha256:...`` as it was pulled; the image's id when it came from no registry.

    One image may have come from several repositories; the one that was asked for names it.
    """
    digests = [str(digest) for digest in image.get("RepoDigests") or [image["Id"]]]
    asked = f"{split_reference(reference)[0]}@"
    return next((digest for digest in digests if digest.startswith(asked)), digests[0])


def _pull(engine: Engine, reference: str, login: RegistryLogin | None) -> None:
    try:
        for line in engine.pull(*split_reference(reference), login):
            if "error" in line:
                raise ImageUnavailable(f"CannotPullContainerError: {line['error']}")
    except EngineRefusal as refusal:
        raise ImageUnavailable(f"CannotPullContainerError: {refusal.message}") from refusal
    except EngineGone as gone:
        # A pull may take longer between two lines than the client waits for one.
        if "timed out" in str(gone).lower():
            raise ImageUnavailable(f"CannotPullContainerError: i/o timeout: {gone}") from gone
        raise
