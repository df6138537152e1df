"""RunTask's answer was lost, and the runner claimed before the launch was repeated."""

from __future__ import annotations

import pytest

from chalicelib.domain.evidence import TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.ports import ServiceTrouble, TaskView
from chalicelib.usecases.reap import MAX_SEARCHES
from tests.usecases.world import Crash, World, a_report, a_stop

MINUTE = 60


def answer_lost(world: World) -> Job:
    """A job that runs in a task of which the service has no id."""
    job = world.submit()

    def crash() -> None:
        raise Crash("the launcher died after RunTask")

    world.backend.before_answer = crash
    with pytest.raises(Crash):
        world.dispatcher.launch(job.id)
    world.backend.before_answer = lambda: None
    world.queue.take()
    job = world.get(job.id)
    world.claim(job)
    job = world.get(job.id)
    assert job.state is State.RUNNING
    assert task_id(job) is None
    return job


def task_id(job: Job) -> str | None:
    attempt = job.current
    assert attempt is not None
    return attempt.task_id


def task(job: Job) -> str:
    return f"task-{job.id}-1-1"


def test_a_stop_that_was_lost_besides_is_found_by_the_tasks_mark(world: World) -> None:
    job = answer_lost(world)
    world.report(job, world.lease(job), a_report(3))
    world.backend.end(task(job), a_stop(job, 3))
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    job = world.get(job.id)
    assert (job.verdict, job.exit_code) == (Verdict.FAILED, 3)
    assert task_id(job) == task(job)


def test_a_task_that_still_runs_is_noted_and_left_alone(world: World) -> None:
    job = answer_lost(world)
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    job = world.get(job.id)
    assert (job.state, task_id(job)) == (State.RUNNING, task(job))
    assert world.backend.stopped == []
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert world.backend.searched == [job.id]  # from now on it is described like any other
    world.report(job, world.lease(job), a_report(0))
    assert world.stop(job, 0).verdict is Verdict.PASSED


def test_a_host_that_died_with_its_event_is_found_out_as_soon_as_the_lease_ends(
    world: World,
) -> None:
    job = answer_lost(world)
    world.backend.end(task(job), a_stop(job, None, stop_code="InfrastructureHealth"))
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert world.get(job.id).cause is Cause.HOST_LOST


@pytest.mark.parametrize("trouble", ["forgotten", "away"])
def test_what_is_not_found_is_no_proof_and_keeps_its_deadlines(world: World, trouble: str) -> None:
    job = answer_lost(world)
    world.report(job, world.lease(job), a_report(0))
    world.backend.tasks[task(job)] = TaskView(task(job), TaskState.UNKNOWN)
    world.backend.away = trouble == "away"
    world.wait(10 * MINUTE)
    world.dispatcher.reap()
    assert world.get(job.id).state is State.RUNNING
    world.wait(22 * MINUTE)
    world.dispatcher.reap()
    assert world.get(job.id).cause is Cause.WITNESS_MISSING


def test_a_cancel_stops_the_task_that_it_finds(world: World) -> None:
    job = answer_lost(world)
    world.dispatcher.cancel(job.id)
    assert world.backend.stopped == [task(job)]
    assert task_id(world.get(job.id)) == task(job)


def test_a_cancel_that_can_not_look_is_noted_and_told_by_the_heartbeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ServiceTrouble("the backend is away")

    job = answer_lost(world)
    monkeypatch.setattr(world.backend, "find", away)
    world.dispatcher.cancel(job.id)
    assert world.beat(job, world.lease(job))["cancel"] is True
    monkeypatch.undo()
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert world.backend.stopped == [task(job)]


def test_a_launcher_that_comes_back_late_finds_its_task_noted(world: World) -> None:
    job = answer_lost(world)
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    world.dispatcher.launch(job.id)
    assert task_id(world.get(job.id)) == task(job)
    assert world.backend.stopped == []


def test_nothing_is_looked_for_while_ids_are_known_or_nobody_has_claimed(world: World) -> None:
    world.running()
    world.launched()
    world.submit()
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert world.backend.searched == []


def test_one_pass_looks_for_a_bounded_number_and_the_next_ones_for_the_rest(world: World) -> None:
    jobs = [answer_lost(world) for _ in range(MAX_SEARCHES + 3)]
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert len(world.backend.searched) == MAX_SEARCHES
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert {job.id for job in jobs if task_id(world.get(job.id)) == task(job)} == {
        job.id for job in jobs
    }
