"""What GitHub says of an App and of tokens, held against its published description."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from chalicelib.github.client import inspection
from chalicelib.github.client.access import Access, Bearer
from chalicelib.github.client.errors import NotAllowed
from chalicelib.github.client.github import GitHub
from chalicelib.github.wanted import EVENTS, PERMISSIONS, lacking, unheard
from tests.fakes.github_server import FakeRepository, GitHubServer
from tests.github.conftest import INSTALLATION

NAME = "Octo-Org/Hello.World"


def a_token(server: GitHubServer, permissions: dict[str, str] | None = None, **told: Any) -> Access:
    return Bearer(SecretStr(server.world.personal_token(permissions, **told)), "somebody")


def test_the_app_its_webhook_and_where_it_is_installed(
    server: GitHubServer, github: GitHub, repository: FakeRepository
) -> None:
    access = github.app_access()
    found = inspection.app(github.exchange, access)
    assert (found.name, lacking(found.permissions), unheard(found.events)) == ("Acme CI", [], [])
    hook = inspection.hook(github.exchange, access)
    assert hook is not None
    assert hook.url == "https://ci.example.com/webhooks/github"
    # More than GitHub gives on one page.
    for number in range(1, 120):
        server.world.repository(f"octo/r{number}", installation=1000 + number)
    installed = list(inspection.installations(github.exchange, access))
    assert [each.id for each in installed][:2] == [INSTALLATION, 1001]
    assert len(installed) == 120
    assert {each.owner for each in installed} == {"octo"}
    with pytest.raises(NotAllowed):
        inspection.app(github.exchange, a_token(server))


def test_a_token_tells_its_scopes_only_when_it_is_a_classic_one(
    server: GitHubServer, github: GitHub
) -> None:
    fine = inspection.owner(github.exchange, a_token(server))
    assert (fine.login, fine.scopes, fine.expires) == ("octocat", None, None)
    end = "2026-12-24 00:00:00 UTC"
    told = {"x_oauth_scopes": "repo:status, gist", "github_authentication_token_expiration": end}
    classic = inspection.owner(github.exchange, a_token(server, None, **told))
    assert (classic.scopes, classic.expires) == (("repo:status", "gist"), end)
    assert inspection.owner(github.exchange, a_token(server, x_oauth_scopes="")).scopes == ()


@pytest.mark.parametrize("missing", ["pull_requests", "statuses"])
def test_what_a_token_may_do_is_found_out_without_doing_it(
    server: GitHubServer, github: GitHub, repository: FakeRepository, missing: str
) -> None:
    rights = {name: level for name, level in PERMISSIONS.items() if name != missing}
    access = a_token(server, rights)
    read = inspection.may_read_pull_requests(github.exchange, access, NAME)
    tell = inspection.may_set_statuses(github.exchange, access, NAME)
    assert (read, tell) == (missing != "pull_requests", missing != "statuses")
    assert repository.statuses == []


def test_a_token_that_is_none_is_not_one_that_lacks_a_right(
    github: GitHub, repository: FakeRepository
) -> None:
    nobody = Bearer(SecretStr("ghp_gone"), "somebody")
    with pytest.raises(NotAllowed):
        inspection.may_set_statuses(github.exchange, nobody, NAME)


def test_more_than_what_is_needed_is_not_lacking() -> None:
    held = dict.fromkeys(PERMISSIONS, "admin") | {"issues": "write"}
    assert lacking(held) == []
    assert lacking(held | {"checks": "read"}) == ["Checks: write"]
    assert lacking(held | {"checks": "a new word"}) == ["Checks: write"]
    assert unheard([*EVENTS, "issues"]) == []
