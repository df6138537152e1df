"""Image names are read as engines read them."""

from __future__ import annotations

import pytest

from chalicelib.domain.image_reference import parse_reference, registry_name

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "registry", "repository", "version"),
    [
        ("debian", "docker.io", "library/debian", "latest"),
        ("debian:12", "docker.io", "library/debian", "12"),
        ("acme/web", "docker.io", "acme/web", "latest"),
        ("docker.io/debian:12", "docker.io", "library/debian", "12"),
        ("index.docker.io/acme/web:1", "docker.io", "acme/web", "1"),
        ("GHCR.io/acme/web:V1", "ghcr.io", "acme/web", "V1"),
        ("localhost/a", "localhost", "a", "latest"),
        ("a:5000/b", "a:5000", "b", "latest"),
        ("127.0.0.1:5000/b/c:1", "127.0.0.1:5000", "b/c", "1"),
        (f"a.io/b@{DIGEST}", "a.io", "b", DIGEST),
        (f"a.io/b:tag@{DIGEST}", "a.io", "b", DIGEST),
        ("a.io/b__c/d.e-f:1", "a.io", "b__c/d.e-f", "1"),
    ],
)
def test_a_reference_has_its_parts(
    image: str, registry: str, repository: str, version: str
) -> None:
    found = parse_reference(image)
    assert (found.registry, found.repository, found.version) == (registry, repository, version)
    assert found.is_digest == ("@" in image)


@pytest.mark.parametrize(
    "image",
    ["Debian", "a//b", "a.io/", "a.io/../b", "a.io/b:", "a.io/b:1:2", "a@sha256:1", "a.io/-b", ""],
)
def test_what_no_registry_can_have_is_refused(image: str) -> None:
    with pytest.raises(ValueError, match="not an image reference"):
        parse_reference(image)


@pytest.mark.parametrize(
    "host", ["https://a.io", "a.io/b", "a b", "", "user@a.io", "a.io:x", "a..b"]
)
def test_a_registry_is_a_host_and_nothing_else(host: str) -> None:
    with pytest.raises(ValueError, match="not the host of a registry"):
        registry_name(host)


def test_docker_hub_has_one_name() -> None:
    names = ("docker.io", "Index.Docker.io", "registry-1.docker.io")
    assert {registry_name(name) for name in names} == {"docker.io"}
