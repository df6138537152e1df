"""A delivery is checked before it is read, taken once, and asks nothing of GitHub on the way."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from chalicelib.usecases.take_delivery import GIVEN_UP
from chalicelib.usecases.webhook import RESEND
from tests.fakes.github_server import primary_limit, secondary_limit
from tests.fakes.github_server.payloads import NOWHERE, delivery, push
from tests.usecases.build_world import SECRET, SHA, BuildWorld, new_build_world

FILE = "jobs:\n  unit:\n    script: x\n"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        made.commit(FILE)
        yield made


def test_what_is_not_signed_is_refused_and_leaves_nothing(world: BuildWorld) -> None:
    headers, body = delivery("push", push(world.repository, SHA), "another secret")
    taken = world.dispatcher.take_webhook(headers, body)
    assert (taken.status, taken.reason) == (401, "not_signed")
    assert not world.deliveries.take()
    assert not world.side.deliveries.due(world.now + RESEND, 10)


def test_two_secrets_are_valid_while_one_replaces_the_other(world: BuildWorld) -> None:
    world.parameters.put("webhook-secret-next", "new")
    world.use_builds()
    for secret, status in ((SECRET, 202), ("new", 202), ("old", 401)):
        payload = push(world.repository, SHA, ref=f"refs/heads/{secret.split()[0]}")
        assert world.dispatcher.take_webhook(*delivery("push", payload, secret)).status == status


def test_only_registered_repositories_are_taken(world: BuildWorld) -> None:
    world.dispatcher.remove_project("octo/web")
    world.use_builds()
    assert world.deliver("push", push(world.repository, SHA)).status == 204
    world.dispatcher.put_project("octo/web", {"repository_id": world.repository.id + 1})
    world.use_builds()
    assert world.deliver("push", push(world.repository, SHA)).status == 204
    assert not world.deliveries.take()


@pytest.mark.parametrize(
    ("event", "status"), [("ping", 200), ("watch", 204), ("issues", 204)], ids=str
)
def test_other_events_make_no_work(world: BuildWorld, event: str, status: int) -> None:
    assert world.deliver(event, push(world.repository, SHA)).status == status
    assert not world.deliveries.take()


def test_the_same_delivery_and_the_same_bytes_make_one_build(world: BuildWorld) -> None:
    payload = push(world.repository, SHA)
    first = world.deliver("push", payload)
    guid = str(uuid.uuid4())
    again = [world.deliver("push", payload, guid=guid) for _ in range(3)]
    assert {taken.build_id for taken in again} == {first.build_id}
    assert world.build_all() == [f"build {first.build_id}"]
    late = world.deliver("push", payload)
    assert (late.status, late.build_id) == (202, first.build_id)
    assert len(world.queue.take()) == 1


@pytest.mark.parametrize("repeats", [1000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_flood_of_repeats_costs_two_requests_each_and_makes_one_build(
    world: BuildWorld, repeats: int
) -> None:
    headers, body = delivery("push", push(world.repository, SHA), SECRET)
    world.dispatcher.take_webhook(headers, body)
    calls: list[str] = []
    events = world.clients.dynamodb().meta.events
    events.register("before-call", lambda model, **_: calls.append(model.name), "count")
    try:
        for number in range(repeats):
            guid = f"00000000-0000-4000-8000-{number:012x}"
            world.dispatcher.take_webhook({**headers, "X-GitHub-Delivery": guid}, body)
    finally:
        events.unregister("before-call", unique_id="count")
    # The transaction that is refused, and a read of the first; the project is read now and then.
    assert len(calls) < 2.05 * repeats
    assert len(world.deliveries.take()) == 1


def test_an_answer_names_a_build_only_where_one_can_be(world: BuildWorld) -> None:
    world.commit("jobs:\n  a:\n    script: x\n    when: {tags: [v*]}\n")
    first = world.deliver("push", push(world.repository, SHA))
    assert (first.what, bool(first.build_id)) == ("accepted", True)
    [why] = world.build_all()
    again = world.deliver("push", push(world.repository, SHA))
    assert (again.what, again.build_id) == (why, "")
    assert why.startswith("no build: ")
    assert world.deliver("push", push(world.repository, NOWHERE, before=SHA)).build_id == ""


def test_a_delivery_whose_message_was_not_sent_is_sent_by_the_reaper(world: BuildWorld) -> None:
    world.deliveries.broken = True
    taken = world.deliver("push", push(world.repository, SHA))
    assert taken.status == 202
    world.deliveries.broken = False
    world.dispatcher.reap()
    assert not world.deliveries.take()
    world.wait(RESEND.total_seconds())
    world.dispatcher.reap()
    assert world.build_all() == [f"build {taken.build_id}"]
    world.wait(3600)
    world.dispatcher.reap()
    assert not world.deliveries.take()


def test_while_github_wants_to_be_left_alone_the_delivery_waits_in_the_table(
    world: BuildWorld,
) -> None:
    world.github.faults.append(secondary_limit(900))
    taken = world.deliver("push", push(world.repository, SHA))
    assert world.build_all() == ["put off"]
    asked = len(world.github.records)
    world.wait(600)
    world.dispatcher.reap()
    assert not world.deliveries.take()
    assert len(world.github.records) == asked
    world.wait(301)
    world.dispatcher.reap()
    assert world.build_all() == [f"build {taken.build_id}"]


def test_a_delivery_is_not_tried_for_ever(world: BuildWorld) -> None:
    world.deliver("push", push(world.repository, SHA))
    [delivery_id] = world.deliveries.take()
    world.now += GIVEN_UP
    world.wait(1)
    world.github.faults.append(primary_limit(world.now.timestamp() + 3000))
    assert "given up" in world.dispatcher.take_delivery(delivery_id)
    assert "given up" in world.dispatcher.take_delivery(delivery_id)
