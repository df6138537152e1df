"""Lists: newest first, page by page, each job once, whatever the filter."""

from __future__ import annotations

import pytest

from chalicelib.aws import job_lists
from chalicelib.aws.table import JobTable
from chalicelib.domain.change import Change
from chalicelib.domain.job import State
from chalicelib.domain.verdict import Verdict
from chalicelib.ports import JobFilter
from tests.aws.world import NOW, World, a_job


@pytest.fixture
def store(world: World) -> JobTable:
    store = JobTable(world.clients, world.table)
    for number in range(23):
        store.create(a_job(number, project="even" if number % 2 == 0 else "odd"))
    for number, verdict in ((3, "passed"), (4, "failed"), (9, "passed"), (21, "passed")):
        ended = Change({("state",): "finished", ("verdict",): verdict}, remove=(("due_at",),))
        store.apply(a_job(number).id, ended, now=NOW)
    return store


def _all(store: JobTable, limit: int, **wanted: object) -> tuple[list[int], int]:
    """The ids of every page, and how many pages there were."""
    numbers: list[int] = []
    cursor, pages = None, 0
    while True:
        page = store.list(JobFilter(limit=limit, cursor=cursor, **wanted))  # type: ignore[arg-type]
        pages += 1
        assert len(page.jobs) <= limit
        numbers += [int(job.id) for job in page.jobs]
        cursor = page.cursor
        if cursor is None:
            return numbers, pages


@pytest.mark.parametrize("limit", [1, 4, 5, 22, 23, 100])
def test_every_job_is_listed_once_newest_first(store: JobTable, limit: int) -> None:
    assert _all(store, limit)[0] == list(range(22, -1, -1))


def test_the_last_page_has_no_cursor_even_when_it_is_full(store: JobTable) -> None:
    assert store.list(JobFilter(limit=100)).cursor is None
    assert store.list(JobFilter(limit=23)).cursor is None


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_project_sees_its_own_jobs(store: JobTable, limit: int) -> None:
    assert _all(store, limit, project="odd")[0] == list(range(21, 0, -2))
    assert _all(store, limit, project="nobody")[0] == []


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_filters_hold_together(store: JobTable, limit: int) -> None:
    assert _all(store, limit, verdict=Verdict.PASSED)[0] == [21, 9, 3]
    assert _all(store, limit, state=State.FINISHED)[0] == [21, 9, 4, 3]
    assert _all(store, limit, project="even", state=State.FINISHED)[0] == [4]
    assert _all(store, limit, state=State.QUEUED, verdict=Verdict.PASSED)[0] == []


def test_a_filter_that_matches_little_ends_pages_early_and_loses_nothing(
    store: JobTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_lists, "SCANNED_AT_ONCE", 1)
    monkeypatch.setattr(job_lists, "SCAN_PAGES", 2)
    numbers, pages = _all(store, 10, verdict=Verdict.PASSED)
    assert numbers == [21, 9, 3]
    assert pages > 2


def test_a_page_of_a_project_is_one_query_and_one_read(world: World, store: JobTable) -> None:
    world.count()
    store.list(JobFilter(project="odd", limit=5))
    assert world.count() == {"Query": 1, "BatchGetItem": 1}


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "é", "MTpOb3QgYW4gaWQ", "Mjp4", "A" * 5000])
def test_a_made_up_cursor_is_refused_in_words(store: JobTable, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        store.list(JobFilter(cursor=cursor))
