"""Builds over HTTP: the webhook's answers, what is shown, who may do what, the queues' handlers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib import wiring
from chalicelib.ports import Scope
from tests.app.caller import Answer, Caller
from tests.fakes.github_server.payloads import delivery, push
from tests.usecases.build_world import SECRET, SHA, BuildWorld, new_build_world
from tests.usecases.world import new_world

FILE = "jobs:\n  a:\n    script: x\n  b:\n    needs: a\n    script: y\n"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        made.commit(FILE)
        wiring.use(made.dispatcher)
        yield made
        wiring.use(None)


@pytest.fixture
def caller(world: BuildWorld) -> Caller:
    return Caller(world.dispatcher.create_token("root", [Scope.ADMIN])[1])


def posted(world: BuildWorld, *, secret: str = SECRET, **details: Any) -> Answer:
    headers, body = delivery("push", push(world.repository, SHA), secret, **details)
    return Caller(None)("POST", "/webhooks/github", headers=headers, raw=body)


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
def test_a_signed_push_is_accepted_in_both_encodings(world: BuildWorld, form: bool) -> None:
    answer = posted(world, form=form)
    assert (answer.status, answer.body["done"]) == (202, "accepted")
    assert world.build_all() == [f"build {answer.body['build']}"]


def test_what_is_refused_is_told_without_a_look_inside(world: BuildWorld) -> None:
    assert posted(world, secret="another").error == (401, "not_signed", None)
    text = Caller(None)("POST", "/webhooks/github", headers={"Content-Type": "text/plain"}, raw=b"")
    assert text.status == 415
    unsigned = Caller(None)("POST", "/webhooks/github", {"zen": "x"})
    assert unsigned.error == (401, "not_signed", None)


def test_what_starts_nothing_says_why_where_github_shows_it(world: BuildWorld) -> None:
    """A 204 has no body; of an answer's headers GitHub shows all."""
    payload = push(world.repository, SHA)
    payload["repository"]["full_name"] = "octo/other"
    headers, body = delivery("push", payload, SECRET)
    answer = Caller(None)("POST", "/webhooks/github", headers=headers, raw=body)
    said = "octo/other is not registered here"
    assert (answer.status, answer.headers.get("X-Towline-Reason")) == (204, said)


def test_a_service_without_queues_for_builds_says_so() -> None:
    with new_world() as made:
        wiring.use(made.dispatcher)
        try:
            assert Caller(None)("POST", "/webhooks/github", {}).error == (404, "no_builds", None)
        finally:
            wiring.use(None)


def test_a_build_is_listed_shown_cancelled_and_run_again(world: BuildWorld, caller: Caller) -> None:
    build_id = posted(world).body["build"]
    world.build_all()
    shown = caller("GET", f"/builds/{build_id}").body["build"]
    assert (shown["state"], shown["sha"], shown["summary"]) == (
        "pending",
        SHA,
        "1 queued, 1 waiting",
    )
    assert [job["name"] for job in shown["jobs"]] == ["a", "b"]
    listed = caller("GET", "/builds?project=Octo/Web").body
    assert listed == {"builds": [shown], "cursor": None}
    assert caller("GET", f"/jobs/{shown['jobs'][0]['job_id']}").body["job"]["build"] == build_id
    assert caller("POST", f"/builds/{build_id}/rerun", {}).error == (409, "build_refused", None)
    assert caller("POST", f"/builds/{build_id}/cancel", {}).body["build"]["state"] == "cancelled"
    again = caller("POST", f"/builds/{build_id}/rerun?jobs=failed", {})
    assert (again.status, again.body["build"]["rerun_of"]) == (202, build_id)
    assert again.headers["Location"] == f"/builds/{again.body['build']['id']}"


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("GET", "/builds/nothing", (404, "unknown_build", None)),
        ("GET", "/builds/01kdyt6z78tamw8v249x4h9bep", (404, "unknown_build", None)),
        ("GET", "/builds?limit=51", (400, "invalid", "limit")),
        ("GET", "/builds?cursor=x", (400, "invalid", "cursor")),
        ("GET", "/builds?sha=x", (400, "unknown_field", "sha")),
        ("POST", "/builds/01kdyt6z78tamw8v249x4h9bep/approve", (404, "unknown_build", None)),
    ],
)
def test_what_is_not_there_is_said(
    caller: Caller, method: str, path: str, error: tuple[int, str, str | None]
) -> None:
    assert caller(method, path, {} if method == "POST" else None).error == error


def test_a_projects_token_reaches_its_own_builds_alone(world: BuildWorld) -> None:
    build_id = posted(world).body["build"]
    world.build_all()
    scopes = [Scope.READ, Scope.SUBMIT, Scope.CANCEL]
    for project, status in (("octo/web", 200), ("other/one", 404)):
        caller = Caller(world.dispatcher.create_token("t", scopes, project=project)[1])
        assert caller("GET", f"/builds/{build_id}").status == status
        assert caller("POST", f"/builds/{build_id}/approve", {}).status == status
        assert len(caller("GET", "/builds").body["builds"]) == (status == 200)


def test_the_handlers_take_what_lambda_gives_them(world: BuildWorld) -> None:
    build_id = posted(world).body["build"]
    with Client(app.app) as client:
        [delivery_id] = world.deliveries.take()
        message = client.events.generate_sqs_event([delivery_id], "towline-builds.fifo")
        done: dict[str, Any] = {"batchItemFailures": []}
        assert client.lambda_.invoke("builder", message).payload == done
        message = client.events.generate_sqs_event([build_id], "towline-notices.fifo")
        assert client.lambda_.invoke("notifier", message).payload == done
        assert world.told() == {
            "towline": "pending",
            "towline/a": "pending",
            "towline/b": "pending",
        }
        image = {"pk": {"S": f"build#{build_id}"}, "sk": {"S": "build"}, "version": {"N": "7"}}
        record = {"dynamodb": {"NewImage": image, "SequenceNumber": "1"}}
        assert client.lambda_.invoke("outbox", {"Records": [record]}).payload == done
    assert build_id in world.notices.take()
