"""Images, platforms and credentials that can't work are refused before a job is accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.spec import JobSpec
from chalicelib.ports import (
    CannotTell,
    IdempotencyMismatch,
    ImageFacts,
    JobFilter,
    NoSuchImage,
    Platforms,
    RegistryLogin,
)
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.errors import SpecRefused
from tests.usecases.world import World

AMD = Platforms(frozenset({"linux/amd64"}))
MISSING = NoSuchImage("manifest unknown")
IMAGE = "ghcr.io/acme/web:1"


class Images:
    """Says what it is told to say, and remembers what it was asked."""

    def __init__(self) -> None:
        self.facts: ImageFacts = AMD
        self.asked: list[tuple[str, RegistryLogin | None, str]] = []

    def inspect(self, image: str, login: RegistryLogin | None, *, wanted: str) -> ImageFacts:
        self.asked.append((image, login, wanted))
        return self.facts


@pytest.fixture
def images(world: World) -> Images:
    made = Images()
    world.dispatcher = Dispatcher(replace(world.dispatcher.collaborators, images=made))
    return made


def submit(world: World, key: str | None = None, **fields: Any) -> str:
    spec = JobSpec.model_validate({"script": "true", "image": IMAGE, **fields})
    return world.dispatcher.submit(spec, submitted_by="tester", idempotency_key=key).id


def refused(world: World, submit_it: Callable[[], object]) -> SpecRefused:
    world.queue.take()
    before = world.dispatcher.list(JobFilter()).jobs
    with pytest.raises(SpecRefused) as refusal:
        submit_it()
    assert world.queue.take() == []
    assert world.dispatcher.list(JobFilter()).jobs == before
    return refusal.value


def test_an_image_of_the_jobs_platform_is_taken(world: World, images: Images) -> None:
    submit(world)
    assert images.asked == [(IMAGE, None, "linux/amd64")]


def test_an_image_of_another_platform_is_refused_with_those_that_it_has(
    world: World, images: Images
) -> None:
    refusal = refused(world, lambda: submit(world, arch="arm64"))
    assert (refusal.code, refusal.field) == ("image_arch", "image")
    assert f"{IMAGE} is not for arm64: it is for x86_64." in str(refusal)
    assert images.asked == [(IMAGE, None, "linux/arm64")]


def test_an_image_that_is_certainly_missing_is_refused_with_the_registrys_words(
    world: World, images: Images
) -> None:
    images.facts = MISSING
    refusal = refused(world, lambda: submit(world))
    assert (refusal.code, refusal.field) == ("image_missing", "image")
    assert "as its registry says: manifest unknown" in str(refusal)


def test_doubt_keeps_nobody_out(world: World, images: Images) -> None:
    images.facts = CannotTell("rate limit")
    submit(world)


def test_a_job_without_an_image_asks_nobody(world: World, images: Images) -> None:
    submit(world, image=None)
    assert images.asked == []


def test_a_repeat_gives_the_accepted_job_though_its_image_is_gone(
    world: World, images: Images
) -> None:
    first = submit(world, "key-1")
    images.facts = MISSING
    assert submit(world, "key-1") == first
    with pytest.raises(IdempotencyMismatch):
        submit(world, "key-1", script="false")
    refused(world, lambda: submit(world, "key-2"))
    refused(world, lambda: submit(world, "key-1", project="other"))
    world.wait(25 * 3600)
    refused(world, lambda: submit(world, "key-1"))


def test_a_rerun_is_looked_at_as_well(world: World, images: Images) -> None:
    first = submit(world)
    images.facts = MISSING
    refused(world, lambda: world.dispatcher.rerun(first, submitted_by="tester"))


def test_a_platform_that_the_runner_lacks_is_refused(world: World, images: Images) -> None:
    co = world.dispatcher.collaborators
    settings = replace(co.settings, runner_archs=("x86_64",))
    world.dispatcher = Dispatcher(replace(co, settings=settings))
    refusal = refused(world, lambda: submit(world, image=None, arch="arm64"))
    assert (refusal.code, refusal.field) == ("image_arch", "arch")
    assert str(refusal) == "this service runs jobs on x86_64 only"
    submit(world, image=None)


def test_credentials_are_shown_to_their_own_registry_alone(world: World, images: Images) -> None:
    login = RegistryLogin("ghcr.io", "acme", "password")
    world.dispatcher.put_registry_credentials("hub", login)
    submit(world, registry_credentials="hub")
    assert images.asked.pop() == (IMAGE, login, "linux/amd64")
    for image in ("evil.example/acme/web:1", "ghcr.io.evil.example/a:1", "debian:12", "a//b"):
        refusal = refused(world, lambda i=image: submit(world, image=i, registry_credentials="hub"))  # type: ignore[misc]
        assert refusal.field in ("registry_credentials", "image")
        assert "password" not in str(refusal)
    assert images.asked == []


def test_credentials_that_are_not_kept_are_refused(world: World) -> None:
    """Without anyone who asks registries, too: a launch could not pull the image."""
    refusal = refused(world, lambda: submit(world, registry_credentials="hub"))
    assert (refusal.code, refusal.field) == (
        "unknown_registry_credentials",
        "registry_credentials",
    )
    assert "'towline registry add hub'" in str(refusal)
