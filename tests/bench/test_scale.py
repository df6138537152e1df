"""The launch queue drains at Fargate's rate: simulated time and limits, the real dispatcher."""

from __future__ import annotations

from functools import cache

import pytest

from bench.scale_aws import Bucket
from bench.scale_run import Drained, Scenario, simulate


@cache
def drained_by(scenario: Scenario) -> Drained:
    """The same each time, so once is enough."""
    return simulate(scenario)


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(1500, launchers=20),
        Scenario(1500, launchers=20, run_task_s=0.8),
        Scenario(2000, launchers=20, capacity=100, run_s=20),
    ],
    ids=["the launch rate", "a slow RunTask", "a full account"],
)
def test_the_queue_drains_within_a_tenth_of_what_aws_allows(scenario: Scenario) -> None:
    drained = drained_by(scenario)
    assert 1 <= drained.ratio <= 1.1
    assert drained.reaper_lag_s <= 60


def test_pausing_leaves_stop_task_its_share_of_the_requests() -> None:
    drained = drained_by(Scenario(1500, launchers=20))
    assert drained.counts["run_task"] / drained.took_s < 40


def test_too_few_launchers_are_seen_in_the_figure() -> None:
    assert simulate(Scenario(600, launchers=2)).ratio > 2


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(100, 20)
    assert sum(bucket.take(0.0) for _ in range(200)) == 100
    assert sum(bucket.take(2.0) for _ in range(200)) == 40
    assert sum(bucket.take(60.0) for _ in range(200)) == 100
