"""A project's limit: who runs, who waits, and that each slot goes to the job that waits longest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain import transitions
from chalicelib.domain.decide import errored
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.ports import Refused
from tests.usecases.world import Crash, World, a_report, new_world

NAME = "acme/narrow"


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        limit(made, 1)
        yield made


def limit(world: World, jobs: int | None) -> None:
    world.dispatcher.put_project(NAME, {"max_jobs": jobs})


def asked(world: World, count: int = 1, **spec: Any) -> list[Job]:
    """Jobs of the project, oldest first, each with its message taken once."""
    jobs = []
    for _ in range(count):
        world.wait(1)
        jobs.append(world.submit(project=NAME, **spec))
        world.dispatcher.take_message(jobs[-1].id)
    world.queue.take()
    return [world.get(job.id) for job in jobs]


def passes(world: World, job: Job) -> Job:
    world.claim(job)
    world.report(job, world.lease(job), a_report(0))
    return world.stop(job, 0)


def states(world: World, jobs: list[Job]) -> list[str]:
    found = [world.get(job.id) for job in jobs]
    return ["waits" if job.waiting_since else job.state.value for job in found]


def holders(world: World) -> set[str]:
    return set(world.dispatcher.slots(NAME).holders)


def test_as_many_jobs_run_as_may_and_the_others_wait_without_a_message(world: World) -> None:
    limit(world, 2)
    jobs = asked(world, 4)
    assert states(world, jobs) == ["starting", "starting", "waits", "waits"]
    assert holders(world) == {jobs[0].id, jobs[1].id}
    assert len(world.backend.tasks) == 2
    assert world.queue.take() == []


def test_an_end_hands_the_slot_to_the_job_that_waits_longest_and_sends_it(world: World) -> None:
    first, second, third = jobs = asked(world, 3)
    assert passes(world, first).verdict is Verdict.PASSED
    assert holders(world) == {second.id}
    assert world.queue.take() == [(second.id, 0)]
    world.dispatcher.take_message(third.id)  # a stray message takes no slot from the other
    assert states(world, jobs) == ["finished", "queued", "waits"]
    world.dispatcher.take_message(second.id)
    assert states(world, jobs) == ["finished", "starting", "waits"]


def test_the_last_one_leaves_nothing_behind(world: World) -> None:
    for job in asked(world, 3):
        world.dispatcher.take_message(job.id)
        passes(world, world.get(job.id))
    assert holders(world) == set()
    assert world.dispatcher.collaborators.slots.waiting(NAME) == []


def test_a_message_that_comes_twice_takes_one_slot(world: World) -> None:
    limit(world, 2)
    [job] = asked(world)
    for _ in range(3):
        world.dispatcher.take_message(job.id)
    assert holders(world) == {job.id}
    assert len(world.backend.tasks) == 1


def test_an_attempt_that_is_given_up_frees_its_slot_and_its_job_is_first_in_line_again(
    world: World,
) -> None:
    first, second, third = jobs = asked(world, 3)
    pull = {"job_container_reason": "CannotPullContainerError: i/o timeout"}
    world.stop(first, None, **pull)
    assert holders(world) == {second.id}
    world.dispatcher.take_message(first.id)
    assert states(world, jobs) == ["waits", "queued", "waits"]
    world.dispatcher.take_message(second.id)
    passes(world, world.get(second.id))
    assert holders(world) == {first.id}
    world.dispatcher.take_message(first.id)
    assert world.get(first.id).attempt == 2
    assert states(world, jobs) == ["starting", "finished", "waits"]
    assert third.id in world.dispatcher.collaborators.slots.waiting(NAME)


def test_a_job_that_waits_is_cancelled_at_once_and_leaves_the_line(world: World) -> None:
    first, second, third = asked(world, 3)
    assert world.dispatcher.cancel(second.id).verdict is Verdict.CANCELLED
    assert holders(world) == {first.id}
    passes(world, first)
    assert holders(world) == {third.id}


def test_a_job_that_is_cancelled_after_it_was_handed_a_slot_passes_it_on(world: World) -> None:
    first, second, third = asked(world, 3)
    passes(world, first)
    world.dispatcher.cancel(second.id)
    assert holders(world) == {third.id}
    assert world.queue.take()[-1] == (third.id, 0)


def test_a_launch_that_is_refused_passes_its_slot_on(world: World) -> None:
    world.backend.answers = [Refused(Cause.LAUNCH_REFUSED, "no")]
    [first] = asked(world)
    assert first.verdict is Verdict.ERRORED
    assert holders(world) == set()


def test_a_higher_limit_sends_waiting_jobs_on_at_once(world: World) -> None:
    _, second, third, last = jobs = asked(world, 4)
    limit(world, 3)
    assert world.queue.take() == [(second.id, 0), (third.id, 0)]
    assert states(world, jobs) == ["starting", "queued", "queued", "waits"]
    limit(world, None)
    assert world.queue.take() == [(last.id, 0)]


def test_a_lower_limit_counts_as_jobs_end(world: World) -> None:
    limit(world, 3)
    jobs = asked(world, 5)
    limit(world, 1)
    passes(world, jobs[0])
    passes(world, jobs[1])
    assert holders(world) == {jobs[2].id}
    passes(world, jobs[2])
    assert holders(world) == {jobs[3].id}


def test_a_project_that_is_forgotten_lets_its_jobs_go(world: World) -> None:
    first, second = asked(world, 2)
    world.dispatcher.remove_project(NAME)
    assert world.queue.take() == [(second.id, 0)]
    world.dispatcher.take_message(second.id)
    limit(world, 2)  # registered again, it knows who runs
    assert holders(world) == {first.id, second.id}
    assert states(world, asked(world)) == ["waits"]


def test_a_job_that_waits_beyond_its_queue_timeout_ends(world: World) -> None:
    first, second, third = asked(world, 3, queue_timeout_s=600)
    world.wait(600)
    world.dispatcher.take_message(second.id)
    assert (world.get(second.id).verdict, world.get(second.id).cause) == (
        Verdict.ERRORED,
        Cause.QUEUE_TIMEOUT,
    )
    world.wait(60)
    world.dispatcher.reap()
    assert world.get(third.id).cause is Cause.QUEUE_TIMEOUT
    assert "as many jobs as it may" in world.get(third.id).detail
    # Nobody is paged for a limit that the project set itself.
    assert world.figures.counts["JobsErrored job"] == 2
    assert world.figures.counts["JobsOverdue"] == 0
    assert holders(world) <= {first.id}


def test_the_reaper_sends_on_whom_a_crash_forgot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = asked(world, 2)

    def dies(*_: object, **__: object) -> None:
        raise Crash

    real = world.queue.send
    monkeypatch.setattr(world.queue, "send", dies)
    with pytest.raises(Crash):
        passes(world, first)
    monkeypatch.setattr(world.queue, "send", real)
    assert holders(world) == {second.id}
    world.wait(61)
    world.dispatcher.reap()
    assert (second.id, 0) in world.queue.take()


def test_the_reaper_gives_a_free_slot_to_who_waits(world: World) -> None:
    first, second = asked(world, 2)
    slots = world.dispatcher.collaborators.slots
    # As after a crash between the end of a job and the look for who waits.
    end = transitions.finish(1, errored(first, Cause.RUNNER_LOST, "x"), now=world.now)
    slots.leave(first, end, None, now=world.now)
    assert holders(world) == set()
    world.wait(61)
    assert world.dispatcher.reap().sent == 1
    assert world.queue.take() == [(second.id, 0)]
    assert holders(world) == {second.id}


def test_a_job_that_waits_is_not_sent_again_and_again(world: World) -> None:
    _, second = asked(world, 2)
    looks = 0
    for _ in range(14):
        world.wait(60)
        looks += world.dispatcher.reap().looked_at
        assert (second.id, 0) not in world.queue.take()
    assert 0 < looks < 12  # less and less often
    assert world.get(second.id).waiting_since == second.waiting_since


def test_slots_that_are_wrong_are_mended_and_no_others(world: World) -> None:
    first, second = asked(world, 2)
    over = world.submit()
    world.dispatcher.cancel(over.id)
    table = world.dispatcher.collaborators.settings.table
    dynamodb = world.clients.dynamodb()
    key = {"pk": {"S": f"project#{NAME}"}, "sk": {"S": "slots"}}
    for stray in (over.id, world.dispatcher.collaborators.random_bytes(13).hex()):
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET holders.#j = :t",
            ExpressionAttributeNames={"#j": stray},
            ExpressionAttributeValues={":t": {"S": "2026-01-01T00:00:00.000000Z"}},
        )
    dynamodb.put_item(TableName=table, Item={**key, "sk": {"S": f"wait#{over.id}"}})
    for _ in range(10):
        world.wait(60)
        world.dispatcher.reap()
    assert holders(world) == {first.id}
    assert list(world.dispatcher.collaborators.slots.waiting(NAME, limit=9)) == [second.id]


def test_jobs_that_were_submitted_before_the_first_limit_need_no_slot(world: World) -> None:
    limit(world, None)
    before = world.submit(project=NAME)
    limit(world, 1)
    world.dispatcher.take_message(before.id)
    assert world.get(before.id).state is State.STARTING
    assert holders(world) == set()


def test_a_project_without_a_limit_costs_no_request_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.dispatcher.put_project("acme/wide", {"max_cpu": 4})
    job = world.submit(project="acme/wide")
    slots = world.dispatcher.collaborators.slots
    for name in ("take", "wait", "leave", "hand", "waiting", "read"):
        monkeypatch.setattr(slots, name, None)
    world.dispatcher.take_message(job.id)
    assert passes(world, world.get(job.id)).verdict is Verdict.PASSED
