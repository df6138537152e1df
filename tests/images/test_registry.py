"""What registries say of images: platforms, tokens, passwords, redirects, and odd answers."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.image_reference import parse_reference
from chalicelib.images.guarded_https import GuardedHttps
from chalicelib.images.registry import Registry
from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage, Platforms, RegistryLogin
from tests.fakes.registry_server import RegistryServer

BOTH = frozenset({"linux/amd64", "linux/arm64"})


def ask(server: RegistryServer, name: str, login: RegistryLogin | None = None) -> ImageFacts:
    registry = Registry(GuardedHttps(local=True), scheme="http")
    return registry.inspect(parse_reference(f"{server.address}/{name}"), login)


def why(facts: ImageFacts) -> str:
    assert isinstance(facts, CannotTell), facts
    return facts.why


@pytest.mark.parametrize("auth", ["", "token"])
def test_an_index_and_a_single_image_say_what_they_run_on(auth: str) -> None:
    with RegistryServer(auth=auth) as server:
        server.push_index("acme/web:both", *BOTH)
        digest = server.push("acme/web:one", "arm64")
        assert ask(server, "acme/web:both") == Platforms(BOTH)
        assert ask(server, "acme/web:one") == Platforms(frozenset({"linux/arm64"}))
        assert ask(server, f"acme/web@{digest}") == Platforms(frozenset({"linux/arm64"}))


@pytest.mark.parametrize("auth", ["", "token"])
def test_what_the_registry_says_is_missing_is_missing(auth: str) -> None:
    with RegistryServer(auth=auth) as server:
        server.push("acme/web:1")
        assert ask(server, "acme/web:2") == NoSuchImage("manifest unknown")
        assert ask(server, "acme/other:1") == NoSuchImage("name unknown")


@pytest.mark.parametrize("auth", ["token", "basic"])
def test_a_private_image_is_seen_with_its_login_alone(auth: str) -> None:
    with RegistryServer(auth=auth, login=("acme", "pass:word")) as server:
        server.push("acme/web:1")
        assert "credentials" in why(ask(server, "acme/web:1")) or auth == "token"
        assert isinstance(ask(server, "acme/web:1"), CannotTell)
        wrong = RegistryLogin(server.address, "acme", "guess")
        assert isinstance(ask(server, "acme/web:1", wrong), CannotTell)
        good = RegistryLogin(server.address, "acme", "pass:word")
        assert ask(server, "acme/web:1", good) == Platforms(frozenset({"linux/amd64"}))
        assert isinstance(ask(server, "acme/web:2", good), NoSuchImage)


def test_who_is_redirected_to_is_shown_no_credentials() -> None:
    with RegistryServer() as elsewhere, RegistryServer(auth="token") as server:
        server.push("acme/web:1", "arm64")
        (digest,) = server.blobs
        elsewhere.odd[f"/cdn/{digest}"] = (200, {}, server.blobs[digest])
        server.blobs_at = f"http://{elsewhere.address}/cdn"
        assert ask(server, "acme/web:1") == Platforms(frozenset({"linux/arm64"}))
        (asked,) = elsewhere.asked
        assert "Authorization" not in asked.headers
        assert "Authorization" in server.asked[-1].headers


PATH = "/v2/acme/web/manifests/1"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b"<html>not found</html>"), "status 404"),
        ((404, {}, b'{"errors": "x"}'), "status 404"),
        ((404, {}, b'{"errors": [{"code": "DENIED"}]}'), "DENIED"),
        ((403, {}, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'), "status 403"),
        ((429, {}, b'{"errors": [{"code": "TOOMANYREQUESTS"}]}'), "TOOMANYREQUESTS"),
        ((503, {}, b""), "status 503"),
        ((401, {}, b""), "wants credentials"),
        ((401, {"WWW-Authenticate": "Bearer"}, b""), "wants credentials"),
        ((401, {"WWW-Authenticate": 'Bearer realm="file:///etc"'}, b""), "not an https address"),
        ((200, {}, b"\xff"), "does not say"),
        ((200, {}, b"x" * ((4 << 20) + 1)), "more than"),
        ((302, {"Location": PATH}, b""), "redirects again and again"),
        ((302, {"Location": "ftp://a.io/"}, b""), "not an https address"),
        ((302, {"Location": "http://[::1"}, b""), "what is not an address"),
    ],
)
def test_an_odd_answer_keeps_nobody_out(answer: Any, words: str) -> None:
    with RegistryServer() as server:
        server.odd[PATH] = answer
        assert words in why(ask(server, "acme/web:1"))


def test_a_registry_that_is_not_there_keeps_nobody_out() -> None:
    with RegistryServer() as server:
        pass
    assert "did not answer" in why(ask(server, "acme/web:1"))
