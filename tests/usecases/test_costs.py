"""Summing up what jobs cost: every job once, by project, and no further back than asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.job import Job
from chalicelib.usecases import costs as costs_module
from chalicelib.usecases.costs import costs
from tests.usecases.world import START, World, a_report

ARN = "arn:aws:ecs:eu-west-1:123456789012:task/towline/"
FIVE_MINUTES = (0.04048 + 2 * 0.004445) / 12


def done(world: World, *, on_fargate: bool = True, **spec: Any) -> Job:
    """A job that ran for five minutes; with a task on Fargate, if so, else elsewhere."""
    job = world.submit(**spec)
    if on_fargate:
        world.backend.prefix = ARN
    world.dispatcher.launch(job.id)
    world.backend.prefix = ""
    world.claim(job := world.get(job.id))
    begun = world.now
    world.wait(300)
    world.report(job, world.lease(job), a_report(0))
    times = {"pull_started_at": begun.isoformat(), "stopped_at": world.now.isoformat()}
    return world.stop(job, 0, **times)


def test_jobs_are_summed_up_by_project_and_only_what_ran_on_fargate_costs(world: World) -> None:
    for project in ("a", "a", "b"):
        done(world, project=project)
    done(world, project="b", on_fargate=False)
    world.submit(project="b")
    part = costs(world.dispatcher.collaborators, since=START)
    assert part.cursor is None
    assert {name: found.jobs for name, found in part.projects.items()} == {"a": 2, "b": 3}
    assert part.projects["a"].cost_usd == pytest.approx(2 * FIVE_MINUTES)
    mixed = part.projects["b"]
    assert mixed.cost_usd == pytest.approx(FIVE_MINUTES)
    assert (mixed.unfinished, mixed.unpriced) == (1, 1)


def test_the_list_is_read_no_further_back_than_asked(world: World) -> None:
    world.submit(project="old")
    world.wait(3600)
    world.submit(project="new")
    part = costs(world.dispatcher.collaborators, since=world.now - timedelta(minutes=1))
    assert (list(part.projects), part.cursor) == (["new"], None)


def test_parts_add_up_to_every_job_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs_module, "PAGE", 2)
    monkeypatch.setattr(costs_module, "PAGES_A_CALL", 1)
    for _ in range(5):
        world.submit(project="a")
        world.wait(1)
    counts, cursor = [], None
    while True:
        part = costs(world.dispatcher.collaborators, since=START, project="a", cursor=cursor)
        counts.append(sum(found.jobs for found in part.projects.values()))
        cursor = part.cursor
        if cursor is None:
            break
    assert sum(counts) == 5
    assert len(counts) >= 3
