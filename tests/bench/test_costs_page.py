"""docs/costs.md shows what the price tables and the counted requests come to."""

from __future__ import annotations

import pytest

from bench import aws_prices
from bench.costs import PAGE, tables, written
from chalicelib.domain.cost_prices import READ_ON


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return tables()


def test_the_page_has_the_computed_tables(made: dict[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page, made) == page, (
        "docs/costs.md is out of date: run 'python -m bench costs --write'"
    )


def test_the_page_says_when_prices_were_read() -> None:
    assert READ_ON.isoformat() in PAGE.read_text(encoding="utf-8")


def test_idle_stays_below_three_dollars_a_month(made: dict[str, str]) -> None:
    last = made["idle"].splitlines()[-1]
    assert float(last.split("$")[-1].rstrip(" |")) < 3


def test_the_readme_has_the_pages_idle_cost(made: dict[str, str]) -> None:
    *_, listed, left = made["idle"].splitlines()[-1].strip(" |").split("|")
    readme = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"About {left.strip()} a month" in readme
    assert f"elsewhere pays {listed.strip()}" in readme


def test_a_thousand_jobs_cost_what_the_list_prices_say(made: dict[str, str]) -> None:
    assert "| Towline on Fargate, on demand | 1 vCPU, 2 GB, x86_64 | $4.11 |" in made["compared"]
    assert "| GitHub-hosted, Linux 2-core | 2 vCPU, 8 GB, x86_64 | $30.00 |" in made["compared"]


def test_a_free_allowance_is_taken_off_once() -> None:
    price = aws_prices.Price(0.1, "alarm", "page", free=10)
    assert price.cost(12) == pytest.approx(1.2)
    assert price.after_allowance(12) == pytest.approx(0.2)
    assert price.after_allowance(3) == 0
