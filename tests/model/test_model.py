"""The whole service against a model: many jobs at once in a world where everything fails.

A walk follows from its seed alone. TOWLINE_MODEL_SEED=n runs that one walk, as a failure tells.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator

import pytest

from tests.model.quick_moto import quick_moto
from tests.model.walk import Walk
from tests.usecases.world import new_world

JOBS = 70
WALKS = 30
SOAK_WALKS = 400
ONE = os.environ.get("TOWLINE_MODEL_SEED")

Record = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of lost answers are logged, each as it should be: here they only take time."""
    logger = logging.getLogger("towline")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


def walk(seed: int, record: Record, jobs: int = JOBS) -> None:
    """One walk; its figures go to the summary at the end (tests/conftest.py)."""
    with quick_moto(), new_world() as world:
        journey = Walk(world, seed, jobs)
        figures = journey.run()
    record("model", dict(figures))
    faults = journey.truth.faults
    told = "\n".join(faults[:5])
    assert not faults, f"{len(faults)} faults; TOWLINE_MODEL_SEED={seed} runs it again:\n{told}"


@pytest.mark.parametrize("seed", [int(ONE)] if ONE else range(WALKS))
def test_every_job_ends_as_the_truth_allows(seed: int, record_property: Record) -> None:
    walk(seed, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1000 + SOAK_WALKS))
def test_every_job_ends_as_the_truth_allows_in_many_more_walks(
    seed: int, record_property: Record
) -> None:
    walk(seed, record_property, jobs=2 * JOBS)
