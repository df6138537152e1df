"""docs/verdicts.md shows the tables that the code decides by."""

from __future__ import annotations

from pathlib import Path

from chalicelib.domain.decide import as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"


def test_the_page_shows_the_tables_of_the_code() -> None:
    assert as_markdown() in PAGE.read_text(encoding="utf-8"), (
        "docs/verdicts.md is out of date: put the text of chalicelib.domain.decide.as_markdown() "
        "where the old tables are"
    )


def test_every_row_says_what_it_does_in_one_line() -> None:
    rows = [line for line in as_markdown().splitlines() if line.startswith("| ")]
    assert len(rows) > 25
    assert all(row.count("|") == 5 for row in rows)
