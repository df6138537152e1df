"""What can be seen of a job before it is accepted: the submitter's fault is refused at the door."""

from __future__ import annotations

from chalicelib.domain.image_manifest import PLATFORM_OF_ARCH, arches
from chalicelib.domain.image_reference import parse_reference
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import NoSuchImage, Platforms, RegistryLogin
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import SpecRefused


def check_spec(co: Collaborators, spec: JobSpec) -> None:
    """Raises ``SpecRefused`` for what can never work here, ``ServiceTrouble`` when the credentials
    can't be looked up. May be repeated.

    A registry that can't be asked, or that says nothing certain, keeps no job out: the launch will
    tell.
    """
    runners = co.settings.runner_archs
    if runners and spec.arch not in runners:
        raise SpecRefused(
            "image_arch", "arch", f"this service runs jobs on {' and '.join(runners)} only"
        )
    if spec.image is None:
        return
    login = _login(co, spec, spec.image)
    if co.images is None:
        return
    wanted = PLATFORM_OF_ARCH[spec.arch]
    facts = co.images.inspect(spec.image, login, wanted=wanted)
    if isinstance(facts, NoSuchImage):
        raise SpecRefused(
            "image_missing",
            "image",
            f"there is no image {spec.image}, as its registry says: {facts.said}. Push it, or look "
            "for a mistake in its name",
        )
    if isinstance(facts, Platforms) and wanted not in facts.names:
        raise SpecRefused(
            "image_arch",
            "image",
            f"{spec.image} is not for {spec.arch}: it is for {arches(facts.names)}. Give the arch "
            f"that it is for, or push it for {wanted}",
        )


def _login(co: Collaborators, spec: JobSpec, image: str) -> RegistryLogin | None:
    """The credentials that the job names, if they are for its image's registry.

    Whoever may submit could otherwise have them shown to a registry of their own.
    """
    name = spec.registry_credentials
    if name is None:
        return None
    login = co.registries.login(name)
    if login is None:
        raise SpecRefused(
            "unknown_registry_credentials",
            "registry_credentials",
            f"there are no registry credentials {name!r}: an admin keeps them with 'towline "
            f"registry add {name}'",
        )
    try:
        registry = parse_reference(image).registry
    except ValueError as trouble:
        raise SpecRefused("invalid", "image", str(trouble)) from None
    if registry != login.registry:
        raise SpecRefused(
            "invalid",
            "registry_credentials",
            f"the registry credentials {name!r} are for {login.registry or 'no registry'}, and the "
            f"image is in {registry}",
        )
    return login
