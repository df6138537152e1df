"""The reaper: each state that nothing moves any more has a deadline and an end."""

from __future__ import annotations

import itertools

import pytest

from chalicelib.domain.evidence import EndedBy, TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.ports import OwnedTask, TaskView, TryLater
from chalicelib.usecases.sweep import MAX_TASKS
from tests.usecases.world import Crash, World, a_report, a_stop

MINUTE = 60
LAUNCH = 15 * MINUTE
ALLOWANCE = 30 * MINUTE


def task_of(job: Job) -> str:
    attempt = job.current
    assert attempt is not None
    assert attempt.task_id is not None
    return attempt.task_id


def forget(world: World, job: Job) -> None:
    world.backend.tasks[task_of(job)] = TaskView(task_of(job), TaskState.UNKNOWN)


def test_nothing_is_due_while_all_goes_well(world: World) -> None:
    world.submit()
    world.running()
    summary = world.dispatcher.reap()
    assert summary.looked_at == 0


def test_a_lost_message_is_sent_again_and_less_and_less_often(world: World) -> None:
    job = world.submit()
    world.queue.take()
    sent = []
    for minute in range(30):
        world.wait(MINUTE)
        if world.dispatcher.reap().sent:
            sent.append(minute)
    assert {job_id for job_id, _ in world.queue.take()} == {job.id}
    assert 3 <= len(sent) <= 15
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert gaps[-1] > gaps[0]


def test_a_queued_job_ends_at_its_queue_timeout(world: World) -> None:
    job = world.submit(queue_timeout_s=2 * MINUTE)
    world.wait(2 * MINUTE + 1)
    world.dispatcher.reap()
    assert world.get(job.id).cause is Cause.QUEUE_TIMEOUT


def test_a_launch_that_died_before_its_task_is_sent_again(world: World) -> None:
    job = world.submit()
    world.backend.answers = [TryLater("no capacity", 60, definite=True)]
    world.dispatcher.launch(job.id)
    world.queue.take()
    world.wait(LAUNCH + 1)
    assert world.dispatcher.reap().sent == 1
    world.dispatcher.launch(job.id)
    assert world.get(job.id).current is not None
    assert [request.attempt for request in world.backend.requests] == [1, 1]


def test_a_launcher_that_was_killed_costs_its_job_a_minute_or_two(world: World) -> None:
    """The message of a killed launcher is hidden for six minutes: the reaper must not wait."""
    job = world.submit()

    def die() -> None:
        raise Crash

    world.backend.before_answer = die
    with pytest.raises(Crash):
        world.dispatcher.take_message(job.id)
    world.backend.before_answer = lambda: None
    world.queue.take()
    world.wait(MINUTE)
    assert world.dispatcher.reap().sent == 0, "the launcher may still be at work"
    world.wait(MINUTE)
    assert world.dispatcher.reap().sent == 1
    assert world.queue.take() == [(job.id, 0)]


def test_a_task_that_never_claims_is_stopped_and_given_up_after_three_attempts(
    world: World,
) -> None:
    job = world.submit()
    for _ in range(3):
        world.dispatcher.launch(job.id)
        world.wait(LAUNCH + 1)
        world.dispatcher.reap()
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.LAUNCH_TIMEOUT)
    assert set(world.backend.stopped) == {f"task-{job.id}-{number}-1" for number in (1, 2, 3)}


def test_a_stop_whose_event_was_lost_is_taken_from_the_backend(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    world.backend.end(task_of(job), a_stop(job, 0))
    world.wait(5 * MINUTE)
    assert world.dispatcher.reap().ended == 1
    assert world.get(job.id).verdict is Verdict.PASSED


def test_a_runner_out_of_touch_whose_task_runs_stays_running(world: World) -> None:
    job = world.running(timeout_s=3600)
    for _ in range(40):
        world.wait(MINUTE)
        world.dispatcher.reap()
    assert world.get(job.id).state is State.RUNNING
    world.report(job, world.lease(job), a_report(0))
    assert world.stop(job, 0).verdict is Verdict.PASSED


def test_a_runner_that_never_comes_back_is_lost_after_timeout_and_allowance(
    world: World,
) -> None:
    job = world.running(timeout_s=10 * MINUTE, grace_s=10)
    world.wait(10 * MINUTE + ALLOWANCE)
    world.dispatcher.reap()
    assert world.get(job.id).state is State.RUNNING
    world.wait(MINUTE)
    world.dispatcher.reap()
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.RUNNER_LOST)
    assert world.backend.stopped == [task_of(job)]


def test_a_task_that_vanished_makes_the_runner_lost_as_soon_as_the_lease_ends(
    world: World,
) -> None:
    job = world.running()
    forget(world, job)
    world.wait(3 * MINUTE)
    world.dispatcher.reap()
    assert world.get(job.id).cause is Cause.RUNNER_LOST


def test_a_report_without_a_stop_is_never_passed(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    forget(world, job)
    world.wait(5 * MINUTE)
    world.dispatcher.reap()
    job = world.get(job.id)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.WITNESS_MISSING)


def test_a_cancelled_job_whose_task_runs_on_is_stopped_again_and_ends(world: World) -> None:
    job = world.running()
    world.backend.away = True
    world.dispatcher.cancel(job.id)
    world.backend.away = False
    world.wait(MINUTE + 1)
    world.dispatcher.reap()
    assert world.backend.stopped == [task_of(job)]
    for _ in range(10):
        world.wait(MINUTE)
        world.dispatcher.reap()
    assert world.get(job.id).verdict is Verdict.CANCELLED


def test_a_backend_that_is_away_ends_nothing_before_its_hard_deadline(world: World) -> None:
    job = world.running(timeout_s=10 * MINUTE)
    world.backend.away = True
    for _ in range(9):
        world.wait(MINUTE)
        summary = world.dispatcher.reap()
        assert summary.troubled == 0
    assert world.get(job.id).state is State.RUNNING


def test_one_broken_job_does_not_keep_the_others_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = world.submit(), world.submit()
    store = world.dispatcher.collaborators.store
    real = store.apply

    def apply(job_id: str, *args: object, **kwargs: object) -> Job:
        if job_id == broken.id:
            raise RuntimeError("an item that can't be written")
        return real(job_id, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "apply", apply)
    world.queue.take()
    world.wait(MINUTE)
    summary = world.dispatcher.reap()
    assert (summary.sent, summary.troubled) == (1, 1)
    assert whole.id in [job_id for job_id, _ in world.queue.take()]


def test_a_task_without_a_job_is_stopped(world: World) -> None:
    world.backend.tasks["lost"] = TaskView("lost", TaskState.RUNNING)
    world.backend.owners["lost"] = OwnedTask("lost", "0" * 26, 1, world.now)
    world.dispatcher.reap()
    assert world.backend.stopped == []
    world.wait(2 * MINUTE)
    assert world.dispatcher.reap().orphans_stopped == 1
    assert world.backend.stopped == ["lost"]


def test_a_second_task_of_an_attempt_is_stopped_and_the_jobs_own_is_not(world: World) -> None:
    job = world.running()
    world.backend.tasks["twin"] = TaskView("twin", TaskState.RUNNING)
    world.backend.owners["twin"] = OwnedTask("twin", job.id, 1, world.now)
    world.wait(2 * MINUTE)
    world.dispatcher.reap()
    assert world.backend.stopped == ["twin"]


def test_a_task_of_a_job_that_is_over_is_stopped(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0, ended_by=EndedBy.SCRIPT))
    world.stop(job, 0)
    world.wait(2 * MINUTE - 1)
    world.dispatcher.reap()
    assert world.backend.stopped == []
    world.wait(1)
    world.dispatcher.reap()
    assert world.backend.stopped == [task_of(job)]


def test_a_task_of_an_attempt_that_was_given_up_is_stopped(world: World) -> None:
    job = world.running(retry_lost=1)
    world.stop(job, None, stop_code="SpotInterruption")
    world.wait(2 * MINUTE)
    world.dispatcher.reap()
    assert world.get(job.id).state is State.QUEUED
    assert world.backend.stopped == [task_of(job)]


def test_with_many_tasks_each_gets_its_turn_within_minutes(world: World) -> None:
    for number in range(3 * MAX_TASKS):
        name = f"task{number:04d}"
        world.backend.tasks[name] = TaskView(name, TaskState.RUNNING)
        world.backend.owners[name] = OwnedTask(name, f"{number:026d}", 1, world.now)
    for _ in range(5):
        world.wait(MINUTE)
        assert world.dispatcher.reap().orphans_stopped <= MAX_TASKS
    assert set(world.backend.stopped) == set(world.backend.owners)
