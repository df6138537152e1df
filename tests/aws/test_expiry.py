"""What ends by itself: when DynamoDB is told to delete it, and that nobody sees it before that."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.aws.expiry import EXPIRE_AT, in_seconds, is_over
from chalicelib.aws.job_items import idempotency_key_of, job_key
from chalicelib.aws.table import JobTable
from chalicelib.aws.tokens import TokenTable
from chalicelib.domain.change import Change
from chalicelib.ports import ApiToken, Conflict, JobFilter
from tests.aws.world import NOW, World, a_job

DATA_TEMPLATE = Path(__file__).parents[2] / "infra" / "data.yaml"


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(world: World, clock: Clock) -> JobTable:
    return JobTable(world.clients, world.table, retention_days=30, clock=clock)


def _expiry(world: World, key: dict[str, Any]) -> int | None:
    item = world.clients.dynamodb().get_item(TableName=world.table, Key=key).get("Item", {})
    value = item.get(EXPIRE_AT)
    assert value is None or set(value) == {"N"}  # DynamoDB's time to live reads numbers alone
    return None if value is None else int(value["N"])


def _finish(store: JobTable, job_id: str) -> None:
    change = Change(
        {("state",): "finished", ("finished_at",): "2026-01-02T03:04:05.000000Z"},
        remove=(("due_at",),),
    )
    store.apply(job_id, change, now=NOW)


def test_the_template_names_the_attribute() -> None:
    table = yaml.safe_load(DATA_TEMPLATE.read_text())["Resources"]["Table"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRE_AT, "Enabled": True}


def test_an_idempotency_key_ends_after_its_day(world: World, store: JobTable) -> None:
    store.create(a_job(1), idempotency_key="k", request_hash="h")
    assert _expiry(world, idempotency_key_of("acme/site", "k")) == in_seconds(
        NOW + timedelta(hours=24)
    )
    assert _expiry(world, job_key(a_job(1).id)) is None
    later = NOW + timedelta(hours=24)
    assert store.made_by("acme/site", "k", "h", now=later - timedelta(seconds=1)) == a_job(1)
    assert store.made_by("acme/site", "k", "h", now=later) is None
    again = a_job(2, created_at=later)
    assert store.create(again, idempotency_key="k", request_hash="h") == (again, True)


def test_a_job_ends_only_once_it_is_finished_and_a_retention_is_set(
    world: World, store: JobTable
) -> None:
    store.create(a_job(1))
    store.apply(a_job(1).id, Change({("state",): "running"}), now=NOW)
    assert _expiry(world, job_key(a_job(1).id)) is None
    _finish(store, a_job(1).id)
    assert _expiry(world, job_key(a_job(1).id)) == in_seconds(NOW + timedelta(days=30))


def test_jobs_are_kept_for_ever_by_default(world: World) -> None:
    keeping = JobTable(world.clients, world.table)
    keeping.create(a_job(1))
    _finish(keeping, a_job(1).id)
    assert _expiry(world, job_key(a_job(1).id)) is None


def test_a_job_that_is_over_is_not_seen_though_it_is_still_in_the_table(
    store: JobTable, clock: Clock
) -> None:
    for number in (1, 2):
        store.create(a_job(number))
    _finish(store, a_job(1).id)
    clock.now = NOW + timedelta(days=30, seconds=-1)
    assert store.get(a_job(1).id) is not None
    assert [job.id for job in store.list(JobFilter()).jobs] == [a_job(2).id, a_job(1).id]
    clock.now = NOW + timedelta(days=30)
    assert store.get(a_job(1).id) is None
    assert [job.id for job in store.list(JobFilter()).jobs] == [a_job(2).id]


def test_late_evidence_makes_no_job_of_one_that_was_deleted(world: World, store: JobTable) -> None:
    store.create(a_job(1))
    _finish(store, a_job(1).id)
    world.clients.dynamodb().delete_item(TableName=world.table, Key=job_key(a_job(1).id))
    with pytest.raises(Conflict) as refused:
        store.apply(a_job(1).id, Change({("detail",): "late"}), now=NOW)
    assert refused.value.current is None
    assert store.get(a_job(1).id) is None


def test_a_token_with_an_end_goes_a_week_after_it_and_others_stay(world: World) -> None:
    tokens = TokenTable(world.clients, world.table)
    ends = ApiToken("t1", "n", frozenset(), "00", NOW, expires_at=NOW + timedelta(hours=1))
    tokens.add(ends)
    tokens.add(ApiToken("t2", "n", frozenset(), "00", NOW))
    key = {"pk": {"S": "TOKENS"}, "sk": {"S": "t1"}}
    assert _expiry(world, key) == in_seconds(NOW + timedelta(days=7, hours=1))
    assert _expiry(world, key | {"sk": {"S": "t2"}}) is None
    assert tokens.find("t1") == ends


def test_seconds_are_rounded_up_and_an_item_without_an_end_never_is_over() -> None:
    assert in_seconds(NOW + timedelta(microseconds=1)) == in_seconds(NOW) + 1
    assert is_over({EXPIRE_AT: {"N": str(in_seconds(NOW))}}, NOW)
    assert not is_over({EXPIRE_AT: {"N": str(in_seconds(NOW) + 1)}}, NOW)
    assert not is_over({"pk": {"S": "JOB#1"}}, NOW)
