"""One emulated account, one GitHub and one deployment for all of these tests, in one worker."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import docker
import pytest
from cryptography import x509

from tests.conftest import Registry
from tests.deployed.driver import Deployment
from tests.deployed.emulator import Emulator
from tests.deployed.hosted import KEY, SECRET, Hosted
from tests.deployed.images import push_image
from tests.e2e.trusting_image import trusting_image
from tests.fakes.ecs_server.container_settings import LABEL
from tests.fakes.github_server import Description, GitHubServer
from tests.github.conftest import APP_ID, Keys, make_keys
from tests.runner.test_https import certificate_for

_running: list[Emulator] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the emulator wrote beside a test that fails."""
    report = yield
    if report.failed and _running and Path(__file__).parent in item.path.parents:
        report.sections.append(("emulator", _running[0].last_words()))
    return report


@pytest.fixture(scope="session")
def app_keys() -> Keys:
    """Of the App on the tests' GitHub."""
    return make_keys()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of that GitHub, with its key: files."""
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return certificate_for(address, tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def github(app_keys: Keys, certificate: tuple[Path, Path]) -> Iterator[GitHubServer]:
    """A GitHub on loopback, with one App. What GitHub's description does not allow fails here."""
    path = os.environ.get("TOWLINE_GITHUB_OPENAPI")
    description = Description(Path(path)) if path else None
    app = (APP_ID, app_keys.public)
    with GitHubServer(description, app=app, certificate=certificate) as running:
        yield running
    assert not running.wrong


@pytest.fixture(scope="session")
def emulator(
    docker_client: docker.DockerClient, certificate: tuple[Path, Path]
) -> Iterator[Emulator]:
    """MiniStack with its bridges; skipped, or failed where it was promised, when it is missing.

    Fails at its end when a task's container is left behind, and removes it.
    """
    venv = os.environ.get("TOWLINE_MINISTACK")
    if not venv:
        problem = "no emulator: export TOWLINE_MINISTACK=$(ci/ministack.sh DIR)"
        if os.environ.get("TOWLINE_REQUIRE_DOCKER") == "1":
            pytest.fail(f"{problem} (TOWLINE_REQUIRE_DOCKER=1 forbids skipping)", pytrace=False)
        pytest.skip(problem)
    made = Emulator(Path(venv), certificate[0])
    _running.append(made)
    yield made
    _running.clear()
    made.stop()
    mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={made.owner}"}
    left = docker_client.containers.list(all=True, ignore_removed=True, filters=mine)
    for container in left:
        container.remove(force=True, v=True)
    assert left == []


@pytest.fixture(scope="session")
def deployment(emulator: Emulator, github: GitHubServer, base_image: str) -> Deployment:
    """A first ``towline deploy``: data, functions, API, runner's image, token."""
    made = Deployment(emulator, github.url)
    made.deploy()
    assert made.token, "the first deploy gives an admin token"
    return made


@pytest.fixture(scope="session")
def trusting(
    docker_client: docker.DockerClient,
    registry: Registry,
    base_image: str,
    certificate: tuple[Path, Path],
) -> str:
    """The jobs' image, which trusts GitHub's certificate, as a company's own images do."""
    with trusting_image(docker_client, base_image, certificate[0]) as tag:
        return push_image(docker_client, tag, registry, "trusting")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the repositories are."""
    root = tmp_path_factory.mktemp("git") / "served"
    root.mkdir()
    return root


@pytest.fixture(scope="session")
def hosted(
    deployment: Deployment,
    github: GitHubServer,
    app_keys: Keys,
    trusting: str,
    served: Path,
) -> Hosted:
    """As docs/github.md has it: the App's keys, a registered project, and its secret."""
    kept = {"webhook-secret": SECRET, "app-id": APP_ID, "app-key": app_keys.private}
    for name, value in kept.items():
        deployment.must("github", "set", name, stdin=value)
    made = Hosted(deployment, github, served, "Octo/Web")
    deployment.must("project", "add", made.name, "--image", trusting)
    deployment.must("secret", "set", "KEY", "--project", made.name, stdin=KEY)
    return made


@pytest.fixture(scope="session")
def plain(hosted: Hosted, trusting: str) -> Hosted:
    """One with a webhook and a token of its own."""
    deployment, name = hosted.deployment, "octo/plain"
    made = Hosted(deployment, hosted.github, hosted.root, name, installation=None)
    deployment.must("project", "add", name, "--image", trusting, "--token-secret", "TOKEN")
    token = hosted.github.world.personal_token()
    deployment.must("secret", "set", "TOKEN", "--project", name, stdin=token)
    return made
