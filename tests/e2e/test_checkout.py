"""``towline run --checkout``: a commit from a real git server, through the whole service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, git_server
from towline.backends.docker_engine import Engine
from towline.local.docker_network import route_to_here

TOKEN = "ghs_aTokenThatNobodyMaySee42"
BACKENDS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(tmp_path: Path, backend: str, request: pytest.FixtureRequest) -> Iterator[GitServer]:
    """Where the jobs of this backend reach it: containers come over the engine's bridge."""
    root = tmp_path / "served"
    root.mkdir()
    host = "127.0.0.1"
    if backend == "docker":
        request.getfixturevalue("runner_image")  # built before a test waits for it
        host = route_to_here(Engine()).bind
    with git_server(root, host) as server:
        yield server


@pytest.fixture
def repository(server: GitServer) -> Repository:
    return Repository(server.root, "project")


def test_a_script_runs_on_the_commit(
    towline_command: Run, server: GitServer, repository: Repository, backend: str
) -> None:
    # Over http a token is for loopback alone.
    server.token = TOKEN if server.host == "127.0.0.1" else None
    secret = ["--checkout-token", "READER"] if server.token else []
    wanted = repository.pushed({"a": "of the commit\n"})
    repository.pushed({"a": "later\n"})
    script = b"cat a; env | grep -E '^(CI|TOWLINE|READER)' | sort; exit 3"
    ran = towline_command(
        *("run", "--backend", backend, "--checkout", f"{server.url('project')}@{wanted}"),
        *("--ref", "main", "--env", "TOWLINE_BRANCH=mine", *secret),
        stdin=script,
        env={"READER": TOKEN},
    )
    assert ran.status == 3, ran.err
    *_, found = ran.out.decode().partition("checkout done]\n")
    line, *variables = found.splitlines()
    values = dict(variable.split("=", 1) for variable in variables)
    assert line == "of the commit"
    assert (values["CI"], values["TOWLINE_COMMIT"]) == ("true", wanted)
    assert values["TOWLINE_BRANCH"] == "mine"
    assert "READER" not in values
    assert TOKEN not in ran.out.decode() + ran.err


def test_a_commit_that_is_not_there_is_an_error_and_no_failure(
    towline_command: Run, server: GitServer, repository: Repository, backend: str
) -> None:
    repository.pushed({"a": "1"})
    ran = towline_command(
        *("run", "--backend", backend, "--json"),
        *("--checkout", f"{server.url('project')}@{'1' * 40}", "--", "true"),
    )
    assert ran.status == 125
    job = json.loads(ran.out)["job"]
    assert (job["verdict"], job["cause"]) == ("errored", "checkout_failed")
    assert "can't be had" in job["detail"]
    assert "[towline: checkout of" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--checkout", "https://host.test/o/r"], "give an address, an @, and the full name"),
        (["--checkout", "https://host.test/o/r@abc"], "--checkout"),
        (["--ref", "main"], "say what with --checkout"),
        (["--checkout", f"https://host.test/o/r@{'1' * 40}", "--ref", "a b"], "--ref"),
    ],
)
def test_a_mistake_is_told_by_its_option(towline_command: Run, words: list[str], said: str) -> None:
    ran = towline_command("run", "--backend", "process", *words, "--", "true")
    assert ran.status not in (0, 1)
    assert said in ran.err
    assert "Traceback" not in ran.err
