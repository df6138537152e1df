"""``towline costs``: parts become one table, and a time that can't be read becomes a sentence."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from towline.cli.costs import added_up, begin, dollars, remark, table
from towline.cli.job_page import page
from towline.cli.main import main
from towline.cli.problem import Problem
from towline.cli.terminal import Terminal
from towline.client.service import Service

NOW = datetime(2026, 3, 8, tzinfo=UTC)


def entry(project: str, jobs: int, cost_usd: float, **counts: int) -> dict[str, Any]:
    return {"project": project, "jobs": jobs, "cost_usd": cost_usd, **counts}


ZERO = {"unfinished": 0, "unpriced": 0}
PARTS: list[dict[str, Any]] = [
    {
        "projects": [entry("a", 2, 0.25, **ZERO), entry("b", 1, 3.0, unfinished=1, unpriced=0)],
        "prices_of": "2026-11-23",
        "cursor": "next",
    },
    {
        "projects": [entry("a", 1, 0.5, unfinished=0, unpriced=2)],
        "prices_of": "2026-11-23",
        "cursor": None,
    },
]


def test_the_parts_of_a_sum_add_up_and_the_dearest_project_comes_first() -> None:
    assert added_up(PARTS) == [
        entry("b", 1, 3.0, unfinished=1, unpriced=0),
        entry("a", 3, 0.75, unfinished=0, unpriced=2),
    ]


def test_a_table_ends_with_the_sum_and_says_what_is_not_in_it() -> None:
    projects = added_up(PARTS)
    lines = table(projects, Terminal(io.StringIO(), {}))
    assert [line.split() for line in lines] == [
        ["PROJECT", "JOBS", "COST"],
        ["b", "1", "$3.00"],
        ["a", "3", "$0.7500"],
        ["all", "4", "$3.75"],
    ]
    words = remark(projects, "2026-11-23")
    assert "not over yet, so not in it: 1" in words
    assert "never ran on Fargate, so not in it: 2" in words
    assert len(table(projects[:1], Terminal(io.StringIO(), {}))) == 2


@pytest.mark.parametrize(
    ("usd", "text"), [(0, "$0.00"), (0.00411, "$0.0041"), (1234.5, "$1,234.50")]
)
def test_amounts_are_readable_from_one_job_to_a_month(usd: float, text: str) -> None:
    assert dollars(usd) == text


def test_a_time_back_is_a_duration() -> None:
    assert begin("7d", NOW) == NOW - timedelta(days=7)
    for text in ("yesterday", "9999999d"):
        with pytest.raises(Problem, match="--since"):
            begin(text, NOW)


def test_the_command_asks_until_the_last_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def ask(self: Service, method: str, path: str, *_: Any) -> dict[str, Any]:
        asked.append(path)
        return PARTS[len(asked) - 1]

    monkeypatch.setattr(Service, "_ask", ask)
    monkeypatch.setenv("TOWLINE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TOWLINE_TOKEN", "tl_a_b")
    assert main(["costs", "--since", "24h", "--project", "a", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["cost_usd"] == 3.75
    assert "since=20" in asked[0]
    assert "project=a" in asked[0]
    assert asked[1].endswith("&cursor=next")


@pytest.mark.parametrize(("cost", "shown"), [(0.00411, True), (None, False)])
def test_a_job_s_page_has_its_cost_when_there_is_one(cost: float | None, shown: bool) -> None:
    job: dict[str, Any] = {
        "id": "01h",
        "state": "finished",
        "verdict": "passed",
        "created_at": "2026-01-01T12:00:00+00:00",
        "finished_at": "2026-01-01T12:00:04+00:00",
        "attempts": [],
        "explanation": [],
        "cost_usd": cost,
    }
    lines = page(job, Terminal(io.StringIO(), {}))
    assert any("$0.0041" in line for line in lines) is shown
