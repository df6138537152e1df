"""Registry credentials over HTTP, and jobs that are refused for their image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.images.guarded_https import GuardedHttps
from chalicelib.images.inspector import Inspector
from chalicelib.images.registry import Registry
from chalicelib.usecases.dispatcher import Dispatcher
from tests.app.caller import Caller
from tests.fakes.registry_server import RegistryServer
from tests.usecases.world import World

LOGIN = {"registry": "GHCR.io", "username": "acme", "password": "hunter2"}


@pytest.fixture
def registry(world: World) -> Iterator[RegistryServer]:
    """A registry with a login, which the service may ask though it is on this machine."""
    asks = Registry(GuardedHttps(local=True), scheme="http").inspect
    images = Inspector(lambda: (asks,), budget_s=60)
    world.dispatcher = Dispatcher(replace(world.dispatcher.collaborators, images=images))
    wiring.use(world.dispatcher)
    with RegistryServer(auth="token", login=("acme", "hunter2")) as server:
        yield server


def test_credentials_are_kept_listed_and_forgotten_and_the_password_never_shown(
    world: World, caller: Caller
) -> None:
    put = caller("PUT", "/registries/hub", LOGIN)
    assert put.body == {"registry": {"name": "hub", "registry": "ghcr.io"}}
    listed = caller("GET", "/registries")
    assert listed.body == {"registries": [{"name": "hub", "registry": "ghcr.io"}]}
    assert "hunter2" not in str((put.body, listed.body))
    assert caller("DELETE", "/registries/hub").body == {"registry": {"name": "hub"}}
    gone = caller("DELETE", "/registries/hub")
    assert gone.error == (404, "unknown_registry_credentials", None)
    assert caller("GET", "/registries").body == {"registries": []}


@pytest.mark.parametrize(
    ("name", "changed", "field", "words"),
    [
        ("-x", {}, "name", "letters, digits and . _ -"),
        ("a%2Fb", {}, "name", "letters, digits and . _ -"),
        ("my-docker", {}, "name", "takes a hyphen and six characters"),
        ("hub", {"registry": "https://ghcr.io"}, "registry", "is not the host of a registry"),
        ("hub", {"username": "a:b"}, "username", "has no colon"),
        ("hub", {"username": ""}, "username", "at least 1"),
        ("hub", {"password": ""}, "password", "at least 1"),
        ("hub", {"password": "é" * 6000}, "password", "at most 10000"),
    ],
)
def test_bad_credentials_are_refused_in_a_sentence(
    world: World, caller: Caller, name: str, changed: dict[str, str], field: str, words: str
) -> None:
    answer = caller("PUT", f"/registries/{name}", {**LOGIN, **changed})
    assert answer.error == (400, "invalid", field)
    assert words in answer.message
    assert "é" not in answer.message
    assert world.dispatcher.registry_credentials() == {}


def test_a_job_is_refused_for_its_image_and_says_which_field(
    caller: Caller, registry: RegistryServer
) -> None:
    registry.push("acme/web:1", "arm64")
    image = f"{registry.address}/acme/web"
    login = {"registry": registry.address, "username": "acme", "password": "hunter2"}
    assert caller("PUT", "/registries/mine", login).status == 200

    def submit(**fields: Any) -> tuple[int, str, str | None, str]:
        answer = caller(
            "POST", "/jobs", {"script": "true", "registry_credentials": "mine"} | fields
        )
        if answer.status == 202:
            return 202, "", None, ""
        return (*answer.error, answer.message)

    status, code, field, words = submit(image=f"{image}:1")
    assert (status, code, field) == (400, "image_arch", "image")
    assert "it is for arm64" in words
    status, code, field, words = submit(image=f"{image}:2")
    assert (status, code, field) == (400, "image_missing", "image")
    assert "manifest unknown" in words
    assert submit(image=f"{image}:1", registry_credentials="x")[:3] == (
        400,
        "unknown_registry_credentials",
        "registry_credentials",
    )
    assert submit(image=f"{image}:1", arch="arm64")[0] == 202
    # Without a login the registry does not say, and the launch will tell.
    assert submit(image=f"{image}:2", registry_credentials=None)[0] == 202


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"registry_credentials": "hub"}, None, "give an image, too"),
        ({"image": "a.io/b", "registry_credentials": "-"}, "registry_credentials", "letters"),
        ({"capacity": "reserved"}, "capacity", "must be 'on_demand' or 'spot'"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused(
    caller: Caller, spec: dict[str, Any], field: str | None, words: str
) -> None:
    answer = caller("POST", "/jobs", {"script": "true", **spec})
    assert answer.error == (400, "invalid", field)
    assert words in answer.message


def test_a_job_shows_what_it_asked_for_and_what_it_got(world: World, caller: Caller) -> None:
    job = world.launched(capacity="spot", arch="arm64")
    shown = caller("GET", f"/jobs/{job.id}").body["job"]
    assert (shown["capacity"], shown["arch"]) == ("spot", "arm64")
    assert shown["attempts"][0]["capacity"] is None
