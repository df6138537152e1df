"""Who sees a token: GitHub alone, at its own address, and nobody who reads a log or an error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from chalicelib.github.client.app_key import AppKey, app_jwt
from chalicelib.github.client.errors import GitHubError, Misunderstood
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.github import GitHub, Project
from chalicelib.github.client.transport import Request, Response
from tests.fakes.github_server import (
    FakeRepository,
    Fault,
    GitHubServer,
    bad_gateway,
    secondary_limit,
)
from tests.fakes.listening import listening
from tests.github.conftest import APP_ID, INSTALLATION, NAME, Keys, Time


class _Elsewhere(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another host, and what it was shown."""
    seen: list[str] = []
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Elsewhere", (_Elsewhere,), {"seen": seen}))
    with listening(http):
        yield f"http://127.0.0.1:{http.server_address[1]}", seen


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_takes_a_token_to_another_host(
    server: GitHubServer, project: Project, elsewhere: tuple[str, list[str]], status: int
) -> None:
    url, seen = elsewhere
    server.faults.append(Fault(status, {"Location": f"{url}/repos"}, times=2))
    with pytest.raises(Misunderstood, match="another host"):
        project.read.repository(NAME)
    assert seen == []


def test_no_next_page_is_fetched_from_another_host(
    server: GitHubServer, project: Project, elsewhere: tuple[str, list[str]]
) -> None:
    url, seen = elsewhere
    headers = {"Content-Type": "application/json", "Link": f'<{url}/2>; rel="next"'}
    server.faults.append(Fault(200, headers, b"[]"))
    with pytest.raises(Misunderstood, match="another host"):
        project.read.paths_of_pull_request(NAME, 1)
    assert seen == []


def test_redirects_without_end_are_not_followed_without_end(
    server: GitHubServer, project: Project
) -> None:
    server.faults.append(Fault(302, {"Location": "/api/v3/round"}, times=99))
    with pytest.raises(Misunderstood, match="again and again"):
        project.read.repository(NAME)


def test_no_text_holds_a_token_or_the_key(
    server: GitHubServer,
    github: GitHub,
    project: Project,
    exchange: Exchange,
    keys: Keys,
    time: Time,
    repository: FakeRepository,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in what objects say of themselves, in errors with their causes, or in the log."""
    caplog.set_level(logging.DEBUG)
    given = github.checkout_token(INSTALLATION, repository.id)
    jwt = app_jwt(AppKey(APP_ID, SecretStr(keys.private)), time())
    texts = [repr(each) for each in (github, project, exchange, given, jwt)]
    texts += [str(each) for each in (github, project, given, jwt)]
    request = Request("GET", "https://x", {"authorization": "Bearer ghs_shown"}, b"ghs_shown")
    texts += [repr(request), repr(Response(200, {"x": "ghs_shown"}, b"ghs_shown"))]
    faults = [
        secondary_limit(1), bad_gateway(times=3), Fault(drop=True, times=3), Fault(401, times=2),
        Fault(201, {"Content-Type": "application/json"}, b'{"token": "ghs_shown"}'),
    ]  # fmt: skip
    errors: list[GitHubError] = []
    for fault in faults:
        server.faults[:] = [fault]
        try:
            github.checkout_token(INSTALLATION, repository.id)
            project.read.repository(NAME)
        except GitHubError as error:
            errors.append(error)
        time.forward(seconds=120)
    texts += [text for error in errors for text in (str(error), repr(error))]
    assert all(error.__cause__ is None for error in errors)
    assert all(error.__suppress_context__ or not error.__context__ for error in errors)
    texts.append(caplog.text)
    secrets = ["ghs_", *server.world.tokens, jwt.get_secret_value(), *keys.private.split("\n")[1:3]]
    assert server.world.tokens
    for text in texts:
        assert not [secret for secret in secrets if secret in text], text
    assert "asked again" in caplog.text
