"""What a job's tasks cost on Fargate, from its evidence: vCPU, memory and time. Pure.

It is Fargate's part of the bill, at list price. Public addresses, image pulls, logs and our own
requests come on top of it; docs/costs.md counts them.
"""

from __future__ import annotations

import math
import re
from datetime import datetime

from chalicelib.domain.cost_prices import FREE_STORAGE_GIB, MINIMUM_S, PRICES, Prices
from chalicelib.domain.fargate_shapes import FargateShape, smallest_shape
from chalicelib.domain.job import Attempt, Job, State

_ECS_TASK = re.compile(r"arn:aws[a-z-]*:ecs:([a-z0-9-]+):[0-9]{12}:task/")


def job_cost_usd(job: Job, prices: Prices = PRICES, region: str | None = None) -> float | None:
    """Dollars for all attempts of a job that is over.

    ``region`` None: the one that its tasks ran in, by their ARNs. The answer is None when there is
    none: the job is not over, never had a task on Fargate, ran in a region without a price, or no
    witness saw for how long.
    """
    shape = smallest_shape(job.cpu, job.memory_mib)
    if job.state is not State.FINISHED or shape is None:
        return None
    total, seen_on_fargate = 0.0, False
    for attempt in job.attempts.values():
        task_id = attempt.task_id or (attempt.stop.task_id if attempt.stop else None)
        if task_id is None:
            continue  # no task was started, so nothing was billed
        where = region_of(task_id)
        seconds = billed_s(job, attempt)
        if where is None or seconds is None:
            return None
        capacity = job.capacity_of(attempt)
        cost = task_cost_usd(
            shape, seconds, region or where, arch=job.arch, capacity=capacity, prices=prices
        )
        if cost is None:
            return None
        total, seen_on_fargate = total + cost, True
    return total if seen_on_fargate else None


def task_cost_usd(
    shape: FargateShape,
    seconds: float,
    region: str,
    *,
    arch: str = "x86_64",
    capacity: str = "on_demand",
    storage_gib: int = FREE_STORAGE_GIB,
    prices: Prices = PRICES,
) -> float | None:
    """Dollars for one task of this shape and so many billed seconds; None: no price is known."""
    rates = prices.rates(region, arch=arch, capacity=capacity)
    if rates is None:
        return None
    hourly = (
        shape.cpu / 1024 * rates.vcpu
        + shape.memory / 1024 * rates.gb
        + max(0, storage_gib - FREE_STORAGE_GIB) * rates.storage
    )
    return hourly * seconds / 3600


def billed_s(job: Job, attempt: Attempt) -> int | None:
    """Seconds that the attempt's task is billed for; None when no witness saw its end.

    From the start of the pull to the end of the containers, rounded up, a minute at least; a task
    that failed before its pull is billed for nothing. The teardown of its network, which the stop
    is not late enough to have seen, is not in it.
    """
    stop = attempt.stop
    pulled = (_moment(stop.pull_started_at) or _moment(stop.started_at)) if stop else None
    if stop and pulled is None and stop.exit_code is None and attempt.claimed_at is None:
        return 0
    begin = pulled or attempt.launched_at
    end = (_moment(stop.stopped_at) if stop else None) or attempt.stop_seen_at
    end = end or attempt.reported_at or job.finished_at
    if begin is None or end is None:
        return None
    return max(MINIMUM_S, math.ceil((end - begin).total_seconds()))


def region_of(task_id: str) -> str | None:
    """The region in an ECS task's ARN; None when the id is another backend's."""
    found = _ECS_TASK.match(task_id)
    return found[1] if found else None


def _moment(text: str | None) -> datetime | None:
    """A time as the engine wrote it: believed only when it is readable and has a zone."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
