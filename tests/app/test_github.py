"""The operator's routes about GitHub: for admins alone; a value that goes in never comes out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib import wiring
from chalicelib.ports import Scope
from tests.app.caller import Caller
from tests.fakes.github_server.payloads import delivery
from tests.usecases.build_world import SECRET, BuildWorld, new_build_world
from tests.usecases.world import new_world

NEW = "the next secret of the webhook"
ROUTES = [
    ("GET", "/github"),
    ("PUT", "/github/token"),
    ("DELETE", "/github/token"),
    ("POST", "/github/webhook-secret/rotate"),
    ("PUT", "/projects/checkout-token?project=octo/web"),
    ("DELETE", "/projects/checkout-token?project=octo/web"),
]


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        wiring.use(made.dispatcher)
        yield made
        wiring.use(None)


@pytest.fixture
def caller(world: BuildWorld) -> Caller:
    return Caller(world.dispatcher.create_token("root", [Scope.ADMIN])[1])


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_admin_may_use_them(world: BuildWorld, method: str, path: str) -> None:
    scopes = [scope for scope in Scope if scope is not Scope.ADMIN]
    caller = Caller(world.dispatcher.create_token("ci", scopes)[1])
    body = {"value": "ghp_x"} if method == "PUT" else None
    assert caller(method, path, body).error[:2] == (403, "missing_scope")
    assert set(world.dispatcher.github_keys()) == {"webhook-secret"}


def test_what_is_set_is_listed_and_no_answer_holds_a_value(caller: Caller) -> None:
    said = [
        caller("PUT", "/github/token", {"value": "ghp_kept"}),
        caller("PUT", "/projects/checkout-token?project=octo/web", {"value": "ghp_reads"}),
        caller("GET", "/github"),
        caller("GET", "/projects?project=octo/web"),
        caller("GET", "/secrets?project=octo/web"),
        caller("DELETE", "/projects/checkout-token?project=octo/web"),
    ]
    assert [answer.status for answer in said] == [200] * len(said)
    for value in ("ghp_kept", "ghp_reads", SECRET):
        assert value not in repr(said)
    set_at = {key["name"]: key["set_at"] for key in said[2].body["github"]["keys"]}
    assert [name for name, moment in set_at.items() if moment] == ["webhook-secret", "token"]
    assert "findings" not in said[2].body["github"]
    assert said[3].body["project"]["checkout_token_at"]
    assert said[4].body == {"secrets": []}
    assert said[5].body["project"]["checkout_token_at"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("PUT", "/github/secret", {"value": "x"}, (404, "unknown_key", None)),
        ("PUT", "/github/webhook-secret", {"value": "x"}, (400, "invalid", "value")),
        ("PUT", "/github/webhook-secret", {}, (400, "missing_field", "value")),
        ("DELETE", "/github/token", None, (404, "unknown_key", None)),
        ("POST", "/github/webhook-secret/rotate", None, (404, "unknown_key", None)),
        ("POST", "/github/token/rotate", None, (404, "unknown_key", None)),
        ("GET", "/github?check=maybe", None, (400, "invalid", "check")),
        ("GET", "/github?project=octo/web", None, (400, "invalid", "project")),
        ("GET", "/github?check=yes&project=a", None, (404, "unknown_project", "project")),
        ("PUT", "/projects/checkout-token", {"value": "x"}, (400, "missing_field", "project")),
        (
            "PUT",
            "/projects/checkout-token?project=a",
            {"value": "x"},
            (404, "unknown_project", "project"),
        ),
    ],
)
def test_mistakes_are_refused_in_words(
    caller: Caller, method: str, path: str, body: object, error: tuple[int, str, str | None]
) -> None:
    assert caller(method, path, body).error == error


def test_while_the_secret_changes_an_answer_says_which_one_was_used(
    world: BuildWorld, caller: Caller
) -> None:
    def ping(secret: str) -> tuple[int, str | None]:
        headers, body = delivery("ping", {"zen": "x", "hook_id": 1}, secret)
        answer = caller("POST", "/webhooks/github", raw=body, headers=headers)
        return answer.status, answer.headers.get("X-Towline-Signed-With")

    assert ping(SECRET) == (200, None)
    caller("PUT", "/github/webhook-secret-next", {"value": NEW})
    assert [ping(SECRET), ping(NEW)] == [(200, "webhook-secret"), (200, "webhook-secret-next")]
    assert caller("POST", "/github/webhook-secret/rotate").status == 200
    assert [ping(SECRET), ping(NEW)] == [(401, None), (200, None)]
    assert world.figures.counts["DeliveriesTaken"] == 4
    assert world.figures.counts["DeliveriesRefused not_signed"] == 1


def test_a_service_without_builds_says_so() -> None:
    with new_world() as world:
        wiring.use(world.dispatcher)
        try:
            caller = Caller(world.dispatcher.create_token("root", [Scope.ADMIN])[1])
            assert caller("GET", "/github").error == (404, "no_builds", None)
        finally:
            wiring.use(None)
