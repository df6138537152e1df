"""What the tests of the checkout share: a server, a repository, a job that asks for a commit."""

from __future__ import annotations

from typing import Any

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer
from tests.runner.fake_service import FakeService

TOKEN = "ghs_aTokenThatNobodyMaySee42"


def order(server: GitServer, repository: Repository, commit: str, **more: Any) -> dict[str, Any]:
    """The ``checkout`` of a claim's reply."""
    return {
        "repository_url": server.url(repository.name),
        "commit": commit,
        "ref": "refs/heads/main",
        "depth": 1,
        "submodules": "none",
        "lfs": False,
        "path": ".",
        "token": None if server.token is None else token(server.token),
        **more,
    }


def token(password: str = TOKEN) -> dict[str, str]:
    return {"username": "x-access-token", "password": password}


def why(service: FakeService) -> str:
    """The words of a checkout that failed."""
    report = service.report
    assert report["ended_by"] == "checkout_failed", service.log.decode()
    assert report["exit"] == {"code": None, "signal": None}
    assert report["detail"].endswith(".")
    return str(report["detail"])


def own_output(service: FakeService) -> str:
    """What the script wrote: all below the checkout's last line."""
    _, found, rest = service.log.decode().partition("[towline: checkout done]\n")
    assert found, service.log.decode()
    return rest
