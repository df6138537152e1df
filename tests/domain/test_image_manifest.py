"""Platforms out of manifests, and what can't be told from one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.image_manifest import (
    InConfig,
    arches,
    platforms_of_config,
    platforms_of_manifest,
)

CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:1"}
DOCKERS = {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": "sha256:2"}


def _entry(system: str, arch: str) -> dict[str, Any]:
    return {"platform": {"os": system, "architecture": arch, "variant": "v8"}}


def test_an_index_names_platforms_and_attestations_are_none() -> None:
    entries = [_entry("linux", "amd64"), _entry("linux", "arm64"), _entry("unknown", "unknown")]
    found = platforms_of_manifest(json.dumps({"manifests": entries}))
    assert found == frozenset({"linux/amd64", "linux/arm64"})


@pytest.mark.parametrize(("config", "digest"), [(CONFIG, "sha256:1"), (DOCKERS, "sha256:2")])
def test_a_single_image_says_it_in_its_configuration(config: dict[str, str], digest: str) -> None:
    assert platforms_of_manifest(json.dumps({"config": config})) == InConfig(digest)


@pytest.mark.parametrize(
    "manifest",
    [
        {"manifests": [_entry("linux", "amd64"), {"digest": "x"}]},
        {"manifests": ["x"]},
        {"manifests": [{"platform": {"os": "linux", "architecture": ""}}]},
        {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "d"}},
        {"config": {**CONFIG, "digest": 7}},
        {"schemaVersion": 1, "architecture": "amd64"},
        {},
        [],
        "x",
    ],
)
def test_what_does_not_say_is_not_guessed(manifest: Any) -> None:
    assert platforms_of_manifest(json.dumps(manifest)) is None


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_says_nothing(text: bytes) -> None:
    assert platforms_of_manifest(text) is None
    assert platforms_of_config(text) is None


def test_a_configuration_has_one_platform() -> None:
    assert platforms_of_config('{"os": "linux", "architecture": "arm64"}') == frozenset(
        {"linux/arm64"}
    )
    assert platforms_of_config('{"os": "linux"}') is None


def test_platforms_are_named_as_jobs_name_them() -> None:
    assert arches(frozenset({"linux/arm64", "linux/amd64"})) == "arm64 and x86_64"
    assert arches(frozenset({"linux/s390x"})) == "linux/s390x"
    assert arches(frozenset()) == "none"
