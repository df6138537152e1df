"""What a job costs: the shape, the time and the price that Fargate bills."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.cost import billed_s, job_cost_usd, region_of, task_cost_usd
from chalicelib.domain.cost_prices import PRICES
from chalicelib.domain.fargate_shapes import FargateShape
from chalicelib.domain.job import Attempt, Job, State
from tests.domain import samples

ARN = "arn:aws:ecs:eu-west-1:123456789012:task/towline/0123456789abcdef"
X86_HOUR = 0.04048 + 2 * 0.004445
"""One vCPU and 2 GB in eu-west-1, from the list and not from the code's table."""


def ran(seconds: float, number: int = 1, *, task: str = ARN, **fields: Any) -> Attempt:
    """An attempt whose task was pulling from ``NOW`` on and ended so much later."""
    stop = samples.stop(
        task_id=task,
        pull_started_at=samples.NOW.isoformat(),
        stopped_at=samples.later(seconds).isoformat(),
    )
    return samples.attempt(number, **{"task_id": task, "stop": stop, **fields})


def over(*attempts: Attempt, **fields: Any) -> Job:
    finished = {"state": State.FINISHED, "finished_at": samples.later(999), **fields}
    return samples.job_with(attempts[-1], earlier=attempts[:-1], **finished)


def test_a_job_costs_its_shape_for_its_time() -> None:
    assert job_cost_usd(over(ran(300))) == pytest.approx(X86_HOUR / 12)


def test_the_shape_that_is_billed_is_the_one_that_fargate_offers() -> None:
    asked = over(ran(3600), cpu=1.5, memory_mib=2500)
    assert job_cost_usd(asked) == pytest.approx(2 * 0.04048 + 4 * 0.004445)


def test_a_minute_is_the_least_and_seconds_are_rounded_up() -> None:
    short, long = ran(3), ran(60.2)
    assert billed_s(over(short), short) == 60
    assert billed_s(over(long), long) == 61


def test_every_attempt_is_paid_for_at_the_price_of_its_capacity() -> None:
    job = over(ran(3600, capacity="spot"), ran(3600, 2, capacity="on_demand"), capacity="spot")
    spot = PRICES.spot_share * X86_HOUR
    assert job_cost_usd(job) == pytest.approx(X86_HOUR + spot)


def test_arm_has_the_prices_of_the_list() -> None:
    assert job_cost_usd(over(ran(3600), arch="arm64")) == pytest.approx(0.03238 + 2 * 0.00356)


def test_the_region_is_the_task_s_own_unless_another_is_named() -> None:
    job = over(ran(3600))
    assert job_cost_usd(job, region="eu-central-1") == pytest.approx(0.04656 + 2 * 0.00511)
    assert job_cost_usd(job, region="nowhere-1") is None


def test_a_task_that_failed_before_its_pull_is_free_and_one_after_it_is_not() -> None:
    before = samples.stop(None, task_id=ARN, stopped_at=samples.later(50).isoformat())
    unpulled = samples.attempt(claimed=False, task_id=ARN, stop=before)
    assert job_cost_usd(over(unpulled)) == 0
    failed = before.model_copy(update={"pull_started_at": samples.NOW.isoformat()})
    assert job_cost_usd(over(unpulled.model_copy(update={"stop": failed}))) == pytest.approx(
        X86_HOUR / 60
    )


def test_without_the_engine_s_times_the_service_s_own_count() -> None:
    blind = samples.attempt(
        task_id=ARN, launched_at=samples.NOW, reported_at=samples.later(120), stop=None
    )
    assert billed_s(over(blind), blind) == 120
    unreadable = blind.model_copy(
        update={"stop": samples.stop(0, task_id=ARN, started_at="soon", stopped_at="2026-03-01")}
    )
    assert billed_s(over(unreadable), unreadable) == 120


@pytest.mark.parametrize(
    "job",
    [
        samples.queued_job(),
        samples.job_with(ran(300)),
        over(ran(300, task="3f2a9c")),
        over(samples.attempt(task_id=None, claimed=False)),
    ],
    ids=["queued", "running", "another backend's", "never started"],
)
def test_what_is_not_known_has_no_cost(job: Job) -> None:
    assert job_cost_usd(job) is None


def test_only_the_arn_of_an_ecs_task_names_a_region() -> None:
    assert region_of("arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/c/1") == "us-gov-west-1"
    assert region_of("arn:aws:ec2:eu-west-1:123456789012:task/c/1") is None


def test_storage_is_paid_for_beyond_what_is_free_and_spot_does_not_make_it_cheaper() -> None:
    shape = FargateShape(1024, 2048)
    for capacity in ("on_demand", "spot"):
        costs = [
            task_cost_usd(shape, 3600, "us-east-1", capacity=capacity, storage_gib=gib)
            for gib in (20, 120)
        ]
        assert costs[0] is not None
        assert costs[1] == pytest.approx(costs[0] + 100 * 0.000111)
