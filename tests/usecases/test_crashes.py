"""The service dies between any two effects, whoever waits repeats, and no harm is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.evidence import EndedBy
from chalicelib.domain.job import Job
from chalicelib.domain.spec import JobSpec
from chalicelib.domain.verdict import Verdict
from tests.usecases.world import Crash, World, a_report

EFFECTS = (
    ("store", "create"),
    ("store", "apply"),
    ("slots", "take"),
    ("slots", "wait"),
    ("slots", "leave"),
    ("slots", "hand"),
    ("queue", "send"),
    ("backend", "launch"),
    ("backend", "stop"),
)
MOST = 26
"""More effects than any of the lives below has; the first test sees to it."""


class Faults:
    """Counts effects and dies before or after one of them, once."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self.die_at: int | None = None
        self.after = False
        for owner, name in EFFECTS:
            target = getattr(world.dispatcher.collaborators, owner)
            monkeypatch.setattr(target, name, self._faulty(f"{owner}.{name}", target, name))

    def _faulty(self, label: str, target: Any, name: str) -> Callable[..., Any]:
        real = getattr(target, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            number = len(self.seen)
            self.seen.append(label)
            if number == self.die_at and not self.after:
                raise Crash(label)
            result = real(*args, **kwargs)
            if number == self.die_at:
                raise Crash(label)
            return result

        return call


def repeated(world: World, step: Callable[[], Any]) -> Any:
    """What callers do: the client with its key, SQS, the runner, EventBridge. All try again."""
    try:
        return step()
    except Crash:
        world.wait(1)
        return step()


def submitted(world: World) -> Job:
    spec = JobSpec(script="true")
    job: Job = repeated(
        world,
        lambda: world.dispatcher.submit(spec, submitted_by="me", idempotency_key="once"),
    )
    if not world.queue.sent:
        world.wait(60)
        world.dispatcher.reap()
    return job


def passes(world: World) -> Job:
    job = submitted(world)
    for job_id, _ in world.queue.take():
        repeated(world, lambda job_id=job_id: world.dispatcher.take_message(job_id))  # type: ignore[misc]
    job = world.get(job.id)
    repeated(world, lambda: world.claim(job))
    repeated(world, lambda: world.report(job, world.lease(job), a_report(0)))
    repeated(world, lambda: world.stop(job, 0))
    return world.get(job.id)


def is_cancelled(world: World) -> Job:
    job = submitted(world)
    for job_id, _ in world.queue.take():
        repeated(world, lambda job_id=job_id: world.dispatcher.take_message(job_id))  # type: ignore[misc]
    job = world.get(job.id)
    repeated(world, lambda: world.claim(job))
    repeated(world, lambda: world.dispatcher.cancel(job.id))
    assert world.backend.stopped
    report = a_report(143, ended_by=EndedBy.CANCEL)
    repeated(world, lambda: world.report(job, world.lease(job), report))
    repeated(world, lambda: world.stop(job, 143))
    return world.get(job.id)


def waits_and_passes(world: World) -> Job:
    """Two jobs of a project that runs one at a time; the crashes befall both."""
    co = world.dispatcher.collaborators
    if co.projects.get("narrow") is None:
        world.dispatcher.put_project("narrow", {"max_jobs": 1})
    jobs = []
    for name in ("first", "second"):
        world.wait(1)
        spec = JobSpec(script="true", project="narrow", name=name)
        jobs.append(
            repeated(
                world,
                lambda spec=spec: world.dispatcher.submit(  # type: ignore[misc]
                    spec, submitted_by="me", idempotency_key=spec.name
                ),
            )
        )
        repeated(world, lambda: world.dispatcher.take_message(jobs[-1].id))
    for job in jobs:
        for _ in range(3):  # its message, or the reaper's when that was lost
            if world.get(job.id).state == "queued":
                world.wait(61)
                repeated(world, world.dispatcher.reap)
                repeated(world, lambda job=job: world.dispatcher.take_message(job.id))  # type: ignore[misc]
        assert len(world.dispatcher.slots("narrow").holders) == 1
        job = world.get(job.id)  # noqa: PLW2901
        repeated(world, lambda job=job: world.claim(job))  # type: ignore[misc]
        lease = world.lease(job)
        repeated(world, lambda job=job, lease=lease: world.report(job, lease, a_report(0)))  # type: ignore[misc]
        repeated(world, lambda job=job: world.stop(job, 0))  # type: ignore[misc]
    assert world.dispatcher.slots("narrow").holders == {}
    assert [world.get(job.id).verdict for job in jobs] == [Verdict.PASSED] * 2
    return world.get(jobs[-1].id)


LIVES: dict[Callable[[World], Job], Verdict] = {
    passes: Verdict.PASSED,
    is_cancelled: Verdict.CANCELLED,
    waits_and_passes: Verdict.PASSED,
}
TASKS: dict[Callable[[World], Job], int] = {waits_and_passes: 2}


@pytest.mark.parametrize("life", LIVES)
def test_the_crashes_below_reach_every_effect(
    world: World, monkeypatch: pytest.MonkeyPatch, life: Callable[[World], Job]
) -> None:
    faults = Faults(world, monkeypatch)
    life(world)
    assert len(faults.seen) <= MOST
    assert {"store.create", "store.apply", "queue.send", "backend.launch"} <= set(faults.seen)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("die_at", range(MOST))
@pytest.mark.parametrize("life", LIVES)
def test_a_crash_at_any_effect_changes_neither_verdict_nor_number_of_tasks(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    life: Callable[[World], Job],
    die_at: int,
    after: bool,
) -> None:
    faults = Faults(world, monkeypatch)
    faults.die_at, faults.after = die_at, after
    job = life(world)
    assert job.verdict is LIVES[life]
    assert job.attempt == 1
    assert len(world.backend.tasks) == TASKS.get(life, 1)
    assert len(set(world.backend.requests)) == TASKS.get(life, 1)
