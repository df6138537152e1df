"""What GitHub is known by: what is taken, how a secret is changed, and what a look at it finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.github_keys import NAMES
from chalicelib.usecases.errors import KeyRefused, UnknownKey
from tests.fakes.github_server import Fault
from tests.fakes.github_server.payloads import delivery
from tests.github.conftest import APP_ID, make_keys
from tests.usecases.build_world import SECRET, BuildWorld, new_build_world

KEYS = make_keys()
OTHER_KEYS = make_keys()
NEW = "a new secret of the webhook"
FILE = "jobs:\n  a:\n    script: x\n"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        yield made


def with_app(world: BuildWorld) -> None:
    world.github.world.app = (APP_ID, KEYS.public)
    world.repository.installation = 7
    world.dispatcher.put_project("octo/web", {"installation_id": 7})
    world.dispatcher.put_github_key("app-id", APP_ID)
    world.dispatcher.put_github_key("app-key", KEYS.private)


def found(world: BuildWorld, project: str | None = None) -> list[str]:
    """What a look at it says: state, subject, words."""
    seen = world.dispatcher.check_github(project)
    return [f"{each.state} {each.about}: {each.says}" for each in seen]


def wrong(world: BuildWorld, project: str | None = None) -> list[str]:
    return [line for line in found(world, project) if not line.startswith("ok ")]


# --- kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("webhook-secret", "hunter2", "at least 16 characters"),
        ("webhook-secret-next", " ", "is empty"),
        ("app-id", "acme-ci", "the App's number"),
        ("app-key", "-----BEGIN CERTIFICATE-----\nx\n", "BEGIN RSA PRIVATE KEY"),
        ("app-key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "PEM"),
        ("token", "ghp_one ghp_two", "no spaces"),
        ("token", "x" * 8193, "more than 8192 bytes"),
    ],
)
def test_what_cant_be_one_is_refused_in_words_that_quote_nothing(
    world: BuildWorld, name: str, value: str, said: str
) -> None:
    before = dict(world.dispatcher.github_keys())
    with pytest.raises(KeyRefused, match=said) as refused:
        world.dispatcher.put_github_key(name, value)
    assert not value.strip() or value not in str(refused.value)
    assert dict(world.dispatcher.github_keys()) == before


def test_there_are_no_other_names(world: BuildWorld) -> None:
    for name in ("secret", "../server-key", ""):
        with pytest.raises(UnknownKey, match="there are webhook-secret"):
            world.dispatcher.put_github_key(name, "x" * 40)
        with pytest.raises(UnknownKey):
            world.dispatcher.remove_github_key(name)


def test_what_is_set_is_told_by_name_and_time_and_can_be_removed(world: BuildWorld) -> None:
    world.dispatcher.put_github_key("token", " ghp_x\n")
    kept = world.dispatcher.github_keys()
    assert set(kept) == {"webhook-secret", "token"} < set(NAMES)
    assert world.parameters.fresh("token") == "ghp_x"
    world.dispatcher.remove_github_key("token")
    assert set(world.dispatcher.github_keys()) == {"webhook-secret"}
    with pytest.raises(UnknownKey, match="token is not set"):
        world.dispatcher.remove_github_key("token")


def test_a_changed_key_counts_at_once_in_the_process_that_took_it(world: BuildWorld) -> None:
    with_app(world)
    assert wrong(world) == []
    world.dispatcher.put_github_key("app-key", OTHER_KEYS.private)
    [line] = wrong(world)
    assert line.startswith("wrong app: GitHub refused with status 401")


# --- a secret is changed -------------------------------------------------------------------------


def signed_by(world: BuildWorld, secret: str) -> tuple[int, str]:
    """How a delivery signed so is answered, and which secret that was in our words."""
    headers, body = delivery("ping", {"zen": "x", "hook_id": 1}, secret)
    taken = world.dispatcher.take_webhook(headers, body)
    return taken.status, taken.signed_with


def test_a_secret_is_changed_and_no_delivery_is_refused_meanwhile(world: BuildWorld) -> None:
    assert signed_by(world, SECRET) == (200, "")
    assert signed_by(world, NEW)[0] == 401
    world.dispatcher.put_github_key("webhook-secret-next", NEW)
    assert signed_by(world, SECRET) == (200, "webhook-secret")
    assert signed_by(world, NEW) == (200, "webhook-secret-next")
    world.dispatcher.finish_rotation()
    assert signed_by(world, NEW) == (200, "")
    assert signed_by(world, SECRET)[0] == 401
    with pytest.raises(UnknownKey, match="nothing to finish"):
        world.dispatcher.finish_rotation()
    assert signed_by(world, NEW) == (200, "")


# --- what a look finds ---------------------------------------------------------------------------


def test_without_keys_it_says_what_is_missing(world: BuildWorld) -> None:
    world.dispatcher.remove_github_key("webhook-secret")
    world.dispatcher.put_github_key("app-id", APP_ID)
    lines = wrong(world)
    assert [line.split(": ")[0] for line in lines] == ["wrong setup", "wrong setup"]
    assert "no webhook-secret is set" in lines[0]
    assert "app-id is set and app-key is not" in lines[1]


def test_an_app_that_works_has_nothing_wrong(world: BuildWorld) -> None:
    with_app(world)
    assert found(world) == [
        "ok app: GitHub knows it as 'Acme CI': id and key fit",
        "ok app: its deliveries go to https://ci.example.com/webhooks/github",
        "ok app: installation 7, of octo, has all that is needed",
    ]
    assert not world.github.wrong


def test_what_an_app_lacks_is_named_as_github_names_it(world: BuildWorld) -> None:
    with_app(world)
    github = world.github.world
    github.app_settings = {"permissions": {"contents": "read", "checks": "read"}, "events": []}
    github.app_hook = {"url": "https://ci.example.com/", "insecure_ssl": "1"}
    text = "\n".join(wrong(world))
    lacks = "lacks Checks: write, Metadata: read, Pull requests: read, Commit statuses: write"
    assert text.count(lacks) == 2  # the App's own, and the installation's
    for words in (
        "Push, Pull request, Check run, Check suite, Repository",
        "/webhooks/github",
        "certificates",
    ):
        assert words in text
    github.installations[7] = {"suspended_at": "2026-01-01T00:00:00Z"}
    assert "is suspended by its owner" in "\n".join(wrong(world))
    world.repository.installation = None
    assert "installed nowhere" in "\n".join(wrong(world))


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        ({}, "ok token: it is octocat's, fine-grained: what it may do shows at a project"),
        (
            {"github_authentication_token_expiration": "2026-12-24 00:00:00 UTC"},
            "ok token: it is octocat's, fine-grained, until 2026-12-24 00:00:00 UTC: what it may",
        ),
        ({"x_oauth_scopes": "repo, gist"}, "warning token: its scope is repo: it may write to all"),
        ({"x_oauth_scopes": ""}, "wrong token: its scopes are none: to set statuses it needs"),
        ({"x_oauth_scopes": "repo:status"}, "ok token: it is octocat's, a classic one"),
    ],
)
def test_a_token_tells_whose_it_is_its_end_and_its_scopes(
    world: BuildWorld, headers: dict[str, str], line: str
) -> None:
    world.dispatcher.put_github_key("token", world.github.world.personal_token(None, **headers))
    assert found(world)[-1].startswith(line)


def test_a_token_that_github_does_not_know_is_wrong(world: BuildWorld) -> None:
    world.dispatcher.put_github_key("token", "ghp_gone")
    [line] = found(world)
    assert line == "wrong token: GitHub refused with status 401: Bad credentials"


def test_a_projects_token_is_told_what_it_lacks_there(world: BuildWorld) -> None:
    rights = {"metadata": "read", "pull_requests": "read"}
    world.dispatcher.put_github_key("token", world.github.world.personal_token(rights))
    world.commit(FILE, sha="main")
    [rights_line, checkout] = wrong(world, "octo/web")
    assert rights_line.endswith("lacks Contents: read, Commit statuses: write")
    assert "--checkout-token -" in checkout
    # Trying whether statuses may be set sets none.
    assert world.repository.statuses == []


def test_a_project_that_works_is_told_so(world: BuildWorld) -> None:
    world.commit(FILE, sha="main")
    with_app(world)
    assert found(world, "octo/web") == [
        "ok octo/web: GitHub shows it, a private one, as Octo/Web",
        "ok octo/web: installation 7 may read it and set check runs",
        "ok checkout: each job gets a token of the App's that reads it alone",
    ]
    world.github.world.installations[7] = {"permissions": {"contents": "read"}}
    assert "installation 7 lacks Checks: write" in "\n".join(wrong(world, "octo/web"))
    world.dispatcher.put_project("octo/web", {"repository_id": 5, "enabled": False})
    text = "\n".join(wrong(world, "octo/web"))
    assert "not the repository that was registered" in text
    assert "is disabled" in text


def test_a_checkout_token_is_tried_too(world: BuildWorld) -> None:
    world.commit(FILE, sha="main")
    with_app(world)
    token = world.github.world.personal_token({"contents": "read", "metadata": "read"})
    world.dispatcher.put_checkout_token("octo/web", token)
    assert found(world, "octo/web")[-1] == "ok checkout: the project's checkout token reads it"
    world.github.world.tokens.pop(token)
    assert wrong(world, "octo/web")[-1].startswith("wrong checkout: GitHub refused with status 401")


def test_looking_never_waits_and_says_when_github_is_away(world: BuildWorld) -> None:
    with_app(world)
    world.github.faults.append(Fault(status=503, times=5))
    [line] = wrong(world)
    assert line.startswith("wrong app: GitHub answered with status 503")
    assert len(world.github.asked()) == 1


def test_an_app_that_came_after_the_project_is_found(world: BuildWorld) -> None:
    world.commit(FILE, sha="main")
    with_app(world)
    world.dispatcher.put_project("octo/web", {"installation_id": None})
    assert wrong(world, "octo/web") == []
    world.repository.installation = None
    world.repository.private = False
    [line] = wrong(world, "octo/web")
    assert "nothing is set that may tell it of builds: install the App" in line


def test_a_repository_that_is_not_seen_is_told_with_what_to_do(world: BuildWorld) -> None:
    [line] = wrong(world, "octo/web")
    assert line.startswith("wrong octo/web: GitHub shows no octo/web without a token")
    assert "towline github set token" in line
    world.dispatcher.put_github_key("token", world.github.world.personal_token())
    world.dispatcher.put_project("octo/wbe", {})
    [line] = wrong(world, "octo/wbe")
    assert "GitHub shows the token of this service no octo/wbe: is the name right" in line
    world.dispatcher.put_github_key("token", "ghp_gone")
    [line] = wrong(world, "octo/web")
    assert line.startswith("wrong octo/web: the token of this service: GitHub refused")


def test_a_project_with_a_name_that_no_repository_has_is_not_asked_for(world: BuildWorld) -> None:
    world.build_all()
    world.dispatcher.put_project("octo/web/docs", {})
    assert world.build_all() == []
    [line] = wrong(world, "octo/web/docs")
    assert "it is not on GitHub" in line
