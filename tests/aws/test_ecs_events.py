"""The fake's events: all of them, some twice, not in order, and telling one story."""

from __future__ import annotations

from typing import Any

from chalicelib.domain import ecs_event
from chalicelib.ports import Launched
from tests.aws.ecs_world import JOB, a_backend, a_request
from tests.fakes.ecs_server import EcsServer


def _events_of(seed: int, tasks: int) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    with EcsServer(seed=seed, on_event=seen.append) as server:
        backend = a_backend(server.endpoint)
        for attempt in range(1, tasks + 1):
            assert isinstance(backend.launch(a_request(attempt=attempt)), Launched)
        for number, task in enumerate(server.tasks()):
            server.puppets.finish(task, number)
        server.events.flush()
    return seen


def _versions(events: list[dict[str, Any]], attempt: int) -> list[int]:
    mark = f"towline/{JOB}/{attempt}/1"
    details = [event["detail"] for event in events]
    return [detail["version"] for detail in details if detail["startedBy"] == mark]


def test_every_state_is_told_at_least_once_with_its_version() -> None:
    events = _events_of(seed=3, tasks=4)
    for attempt in range(1, 5):
        assert set(_versions(events, attempt)) == {1, 2, 3, 4, 5}
    by_version = {event["detail"]["version"]: event["detail"]["lastStatus"] for event in events}
    assert by_version == {
        1: "PROVISIONING",
        2: "PENDING",
        3: "RUNNING",
        4: "DEPROVISIONING",
        5: "STOPPED",
    }


def test_some_come_twice_and_some_too_late() -> None:
    events = _events_of(seed=3, tasks=4)
    assert len(events) > 20
    assert any(_versions(events, n) != sorted(_versions(events, n)) for n in range(1, 5))
    assert len({event["id"] for event in events}) == 20


def test_the_same_seed_brings_them_in_the_same_order() -> None:
    def order(seed: int) -> list[tuple[str, int]]:
        details = [event["detail"] for event in _events_of(seed, 3)]
        return [(detail["startedBy"], detail["version"]) for detail in details]

    assert order(5) == order(5)
    assert order(5) != order(6)


def test_the_stop_is_read_before_the_task_is_called_stopped() -> None:
    events = _events_of(seed=3, tasks=2)
    stops = {event["detail"]["lastStatus"] for event in events if ecs_event.parse(event)}
    assert stops == {"DEPROVISIONING", "STOPPED"}
    for event in events:
        stopped = ecs_event.parse(event)
        if stopped is not None:
            assert (stopped.job_id, stopped.stop.exit_code) == (JOB, stopped.attempt - 1)
            assert stopped.stop.stop_code == "EssentialContainerExited"


def test_the_override_environment_is_in_events_as_in_the_real_ones() -> None:
    (event, *_) = _events_of(seed=1, tasks=1)
    assert a_request().token in str(event)
    assert a_request().token not in str(ecs_event.without_environment(event))


def test_a_receiver_that_fails_is_asked_again() -> None:
    seen: list[int] = []

    def receive(event: dict[str, Any]) -> None:
        seen.append(event["detail"]["version"])
        if len(seen) == 1:
            raise RuntimeError("not now")

    with EcsServer(seed=1, on_event=receive) as server:
        a_backend(server.endpoint).launch(a_request())
        server.events.flush()
        assert [str(failure) for failure in server.events.failures] == ["not now"]
    assert seen[0] == seen[1]
    assert {1, 2, 3} <= set(seen)
