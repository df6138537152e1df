"""What the jobs of a time cost, by project: a part of the sum at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.cost import job_cost_usd
from chalicelib.domain.job import State
from chalicelib.ports import JobFilter
from chalicelib.usecases.collaborators import Collaborators

PAGES_A_CALL = 10
"""Pages of ``PAGE`` jobs that one call reads: a thousand jobs are a second or so of a Lambda."""
PAGE = 100


@dataclass(slots=True)
class ProjectCost:
    """Jobs of one project. ``jobs`` is all of them, ``unfinished`` and ``unpriced`` among them."""

    jobs: int = 0
    unfinished: int = 0
    unpriced: int = 0
    """Over, and without a cost: they never had a task, or had it elsewhere than on Fargate."""
    cost_usd: float = 0.0


@dataclass(slots=True)
class CostPart:
    """A part of the sum; the parts of all pages add up. ``cursor`` None: this was the last one."""

    projects: dict[str, ProjectCost] = field(default_factory=dict)
    cursor: str | None = None


def costs(
    co: Collaborators, *, since: datetime, project: str | None = None, cursor: str | None = None
) -> CostPart:
    """Sum up jobs submitted since then, newest first, until there are none or the call is full.

    Reads the index backwards from now and stops at the first job that is older, so it takes no
    longer for the jobs before that. Raises ``ValueError`` on a bad cursor and ``ServiceTrouble``.
    """
    part = CostPart(cursor=cursor)
    for _ in range(PAGES_A_CALL):
        page = co.store.list(JobFilter(project=project, limit=PAGE, cursor=part.cursor))
        part.cursor = page.cursor
        for job in page.jobs:
            if job.created_at < since:
                part.cursor = None
                return part
            found = part.projects.setdefault(job.project, ProjectCost())
            found.jobs += 1
            cost = job_cost_usd(job)
            if job.state is not State.FINISHED:
                found.unfinished += 1
            elif cost is None:
                found.unpriced += 1
            else:
                found.cost_usd += cost
        if part.cursor is None:
            break
    return part
