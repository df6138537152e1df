"""What all tests share: the markers' meaning, and the Docker engine when there is one."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from tests.pages import browser
from towline.runner_build import RunnerImage, ensure_runner

ENGINE_ANSWERS_WITHIN_S = 10


@functools.cache
def engine_problem() -> str | None:
    """Why no Docker engine can be used, in a sentence; None when one answers."""
    try:
        client = docker.from_env(timeout=ENGINE_ANSWERS_WITHIN_S)
        try:
            client.ping()
        finally:
            client.close()
    except DockerException as trouble:
        where = os.environ.get("DOCKER_HOST", "the default socket")
        return f"no Docker engine answers at {where}: {trouble}"
    return None


def _require_docker() -> bool:
    return os.environ.get("TOWLINE_REQUIRE_DOCKER") == "1"


def _skip_or_fail(problem: str) -> None:
    """Where an engine is promised (CI) its absence is a failure: a skip would hide the loss."""
    if _require_docker():
        pytest.fail(f"{problem} (TOWLINE_REQUIRE_DOCKER=1 forbids skipping)", pytrace=False)
    pytest.skip(problem)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave soak tests out unless they are asked for by marker."""
    if "soak" in (config.getoption("markexpr") or ""):
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    if soak:
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if item not in soak]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where it was promised, what needs an engine or a registry that is not there."""
    if item.get_closest_marker("docker"):
        problem = engine_problem()
        if problem:
            _skip_or_fail(problem)
    if item.get_closest_marker("browser") and not (browser.program() and browser.driver()):
        _skip_or_fail("no Chromium and driver: install Debian's chromium and chromium-driver")
    if item.get_closest_marker("registry") and not os.environ.get("TOWLINE_TEST_REGISTRY"):
        _skip_or_fail(
            "no test registry: start one with 'ci/registry.sh start' and export its lines"
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the model test (tests/model) went through, summed over all workers, and how large the
    packages are that tests/infra made."""
    figures: Counter[str] = Counter()
    for report in (
        r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])
    ):
        for name, value in getattr(report, "user_properties", []):
            if name == "model" and report.when == "call":
                figures.update(value)
            if name == "package" and report.when == "call":
                for zipped, size in value.items():
                    terminalreporter.write_line(f"package for Lambda, {zipped}: {size}")
    if figures:
        jobs = figures.pop("jobs", 0)
        told = ", ".join(f"{name} {count}" for name, count in sorted(figures.items()))
        terminalreporter.write_line(f"model test: {jobs} jobs; {told}")


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """The engine. Only tests marked ``docker`` may ask for it."""
    client = docker.from_env()
    yield client
    client.close()


def _image(client: docker.DockerClient, variable: str, default: str) -> str:
    tag = os.environ.get(variable, default)
    try:
        client.images.get(tag)
    except ImageNotFound:
        _skip_or_fail(f"the image {tag} is not there: run 'ci/images.sh'")
    return tag


@pytest.fixture(scope="session")
def busybox_image(docker_client: docker.DockerClient) -> str:
    """The tag of an image that holds nothing but busybox; ci/images.sh makes it."""
    return _image(docker_client, "TOWLINE_TEST_BUSYBOX", "towline-busybox:test")


@pytest.fixture(scope="session")
def musl_image(docker_client: docker.DockerClient) -> str:
    """The tag of an image laid out as musl distributions are; ci/images.sh makes it."""
    return _image(docker_client, "TOWLINE_TEST_MUSL", "towline-musl:test")


@pytest.fixture(scope="session")
def base_image(docker_client: docker.DockerClient) -> str:
    """The tag of a Debian image with bash, dash, python3 and the like; ci/images.sh makes it."""
    return _image(docker_client, "TOWLINE_RUNNER_BASE", "towline-base:bookworm")


@pytest.fixture(scope="session")
def hostile_image(docker_client: docker.DockerClient) -> str:
    """``base_image`` with a home and an ENV that would end any shell; ci/images.sh makes it."""
    return _image(docker_client, "TOWLINE_TEST_HOSTILE", "towline-hostile:test")


@pytest.fixture(scope="session")
def runner_image(docker_client: docker.DockerClient, base_image: str) -> RunnerImage:
    """The runner's image on ``base_image``; built by whichever test process asks first."""
    return ensure_runner(docker_client, base=base_image, progress=print)


@dataclass(frozen=True, slots=True)
class Registry:
    """A real registry on loopback. ``login``: (user, password), None when it is open to all."""

    address: str
    login: tuple[str, str] | None


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Open to all. Only tests marked ``registry`` may ask for it."""
    return Registry(os.environ["TOWLINE_TEST_REGISTRY"], None)


@pytest.fixture(scope="session")
def closed_registry() -> Registry:
    """Wants a password. Only tests marked ``registry`` may ask for it."""
    user, _, password = os.environ["TOWLINE_TEST_REGISTRY_LOGIN"].partition(":")
    return Registry(os.environ["TOWLINE_TEST_REGISTRY_AUTH"], (user, password))
