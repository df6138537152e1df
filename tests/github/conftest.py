"""A fake GitHub, a client of it, and GitHub's published description where it is there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chalicelib.github.client.app_key import AppKey
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.github import GitHub, Project
from chalicelib.github.client.patience import Patience
from chalicelib.github.client.site import site_of
from chalicelib.github.client.transport import HttpTransport
from tests.fakes.github_server import Description, FakeRepository, GitHubServer

APP_ID = "4711"
INSTALLATION = 7
NAME = "Octo-Org/Hello.World"
SHA = "a" * 40
OLD_SHA = "b" * 40


def description_path() -> Path:
    """Skips, or fails where the description was promised, without it."""
    path = os.environ.get("TOWLINE_GITHUB_OPENAPI", "")
    if path:
        return Path(path)
    problem = "no description of GitHub's API: run ci/github_openapi.sh, set TOWLINE_GITHUB_OPENAPI"
    if os.environ.get("TOWLINE_REQUIRE_DOCKER") == "1":
        pytest.fail(f"{problem} (TOWLINE_REQUIRE_DOCKER=1 forbids skipping)", pytrace=False)
    pytest.skip(problem)


@pytest.fixture(scope="session")
def described() -> Description:
    """GitHub's published description. Tests that ask for it run in CI."""
    return Description(description_path())


@pytest.fixture(scope="session")
def any_description() -> Description | None:
    """The same where it is there; the fake is less strict without it."""
    path = os.environ.get("TOWLINE_GITHUB_OPENAPI", "")
    return Description(Path(path)) if path else None


@pytest.fixture(scope="session")
def recorded() -> list[tuple[str, dict[str, Any]]]:
    """Deliveries that were recorded: event and payload (npm: @octokit/webhooks-examples)."""
    text = (description_path().parent / "webhooks-examples.json").read_text()
    return [(each["name"], payload) for each in json.loads(text) for payload in each["examples"]]


@dataclass
class Time:
    """A clock that goes on when somebody sleeps, and when a test says so."""

    now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def time() -> Time:
    return Time()


@dataclass(frozen=True)
class Keys:
    """PEM texts of an App's key."""

    private: str
    public: str


def make_keys() -> Keys:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Keys(private.decode(), public.decode())


@pytest.fixture(scope="session")
def keys() -> Keys:
    return make_keys()


@pytest.fixture
def server(any_description: Description | None, time: Time, keys: Keys) -> Iterator[GitHubServer]:
    """A GitHub with one App. What its description does not allow fails the test at the end."""
    with GitHubServer(any_description, time, (APP_ID, keys.public)) as running:
        yield running
    assert not running.wrong


@pytest.fixture
def repository(server: GitHubServer) -> FakeRepository:
    """A private repository where the App is installed, with two commits."""
    from tests.fakes.github_server import FakeCommit

    made = server.world.repository("Octo-Org/Hello.World", installation=INSTALLATION)
    made.commits[OLD_SHA] = FakeCommit(OLD_SHA, {"README": b"old\n"}, "The first")
    files = {"README": b"new\n", ".towline.yml": b"script: true\n", "docs/a.md": b"a\n"}
    made.commits[SHA] = FakeCommit(SHA, files, "The second\n\n[skip ci]")
    return made


@pytest.fixture
def exchange(server: GitHubServer, time: Time) -> Iterator[Exchange]:
    transport = HttpTransport()
    yield Exchange(
        site_of(server.url), transport, time, time.sleep, lambda: 1.0, Patience(timeout_s=20.0)
    )
    transport.close()


@pytest.fixture
def github(exchange: Exchange, keys: Keys) -> GitHub:
    return GitHub(exchange, AppKey(APP_ID, SecretStr(keys.private)))


@pytest.fixture
def project(github: GitHub, repository: FakeRepository) -> Project:
    """With its token already made, so that faults meet the call itself."""
    made = github.for_installation(INSTALLATION)
    made.read.repository(NAME)
    return made
