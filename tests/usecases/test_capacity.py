"""Spot: what an attempt is started on is pinned, and the last attempt is on demand."""

from __future__ import annotations

from chalicelib.domain.job import Attempt, State
from chalicelib.domain.retry_policy import SPOT_LAUNCH_TRIES
from chalicelib.ports import LaunchRequest, TryLater
from tests.usecases.world import World


def current(world: World, job_id: str) -> Attempt:
    attempt = world.get(job_id).current
    assert attempt is not None
    return attempt


def asked(world: World) -> list[str]:
    return [request.capacity for request in world.backend.requests]


def lose_to_spot(world: World, job_id: str) -> None:
    job = world.get(job_id)
    world.stop(job, None, stop_code="SpotInterruption", reason="Your Spot Task was interrupted.")
    assert world.get(job_id).state is State.QUEUED
    world.wait(400)
    world.dispatcher.take_message(job_id)


def test_a_job_is_started_on_what_it_asked_for(world: World) -> None:
    world.launched()
    world.launched(capacity="spot")
    assert asked(world) == ["on_demand", "spot"]
    assert [request.project for request in world.backend.requests] == ["default", "default"]


def test_after_a_loss_to_spot_the_last_attempt_is_on_demand_and_stays_so(world: World) -> None:
    job = world.launched(capacity="spot", retry_lost=1)
    lose_to_spot(world, job.id)
    lose_to_spot(world, job.id)
    assert asked(world) == ["spot", "spot", "on_demand"]
    attempts = world.get(job.id).attempts
    assert [attempts[n].capacity for n in "123"] == [None, "spot", "on_demand"]
    assert [world.get(job.id).capacity_of(attempts[n]) for n in "123"] == asked(world)


def test_a_job_that_may_not_be_lost_again_leaves_spot_after_the_first_loss(world: World) -> None:
    job = world.launched(capacity="spot")
    lose_to_spot(world, job.id)
    assert asked(world) == ["spot", "on_demand"]


def test_a_script_that_spot_interrupted_runs_again_on_demand_when_it_is_the_last_time(
    world: World,
) -> None:
    job = world.running(capacity="spot", retry_lost=1)
    lose_to_spot(world, job.id)
    assert asked(world) == ["spot", "on_demand"]


def test_a_repeated_message_repeats_the_request_with_its_capacity(world: World) -> None:
    job = world.launched(capacity="spot")
    world.backend.answers = [TryLater("Rate exceeded", 20, definite=False)]
    lose_to_spot(world, job.id)
    world.wait(60)
    world.dispatcher.take_message(job.id)
    first, second = world.backend.requests[-2:]
    assert first == second
    assert first.capacity == "on_demand"


def test_spot_that_has_no_room_again_and_again_is_left_within_the_attempt(world: World) -> None:
    job = world.submit(capacity="spot")
    refusal = TryLater("Capacity is unavailable at this time", 60, definite=True)
    world.backend.answers = [refusal] * SPOT_LAUNCH_TRIES
    for _ in range(SPOT_LAUNCH_TRIES + 1):
        world.dispatcher.take_message(job.id)
        world.wait(90)
    assert asked(world) == ["spot"] * SPOT_LAUNCH_TRIES + ["on_demand"]
    attempt = current(world, job.id)
    assert (attempt.number, attempt.capacity) == (1, "on_demand")
    assert attempt.task_id is not None


def test_a_job_on_demand_never_becomes_spot(world: World) -> None:
    job = world.submit(retry_lost=2)
    full = TryLater("Capacity is unavailable at this time", 60, definite=True)
    world.backend.answers = [full] * 3
    for _ in range(4):
        world.dispatcher.take_message(job.id)
        world.wait(90)
    lose_to_spot(world, job.id)
    assert set(asked(world)) == {"on_demand"}


def test_the_request_names_credentials_and_project(world: World) -> None:
    from chalicelib.ports import RegistryLogin

    world.dispatcher.put_registry_credentials("ghcr.io", RegistryLogin("ghcr.io", "u", "p"))
    world.launched(project="acme/site", image="ghcr.io/a/b:1", registry_credentials="ghcr.io")
    (request,) = world.backend.requests
    assert isinstance(request, LaunchRequest)
    assert (request.project, request.registry_credentials) == ("acme/site", "ghcr.io")
    assert "'p'" not in repr(request)
