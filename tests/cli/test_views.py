"""What people read: lists, lengths of time, verdicts, colours."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from towline.cli.jobs_view import span, state_word, table
from towline.cli.terminal import Terminal
from towline.cli.verdict_line import verdict_lines

NOW = datetime(2026, 1, 1, 12, 0, 10, tzinfo=UTC)
JOB: dict[str, Any] = {
    "id": "01h",
    "state": "finished",
    "verdict": "failed",
    "cause": None,
    "detail": "",
    "exit_code": 3,
    "signal": None,
    "created_at": "2026-01-01T12:00:00+00:00",
    "finished_at": "2026-01-01T12:00:04.200000+00:00",
    "project": "p",
    "name": "unit",
    "attempts": [],
}


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain() -> Terminal:
    return Terminal(io.StringIO(), {})


@pytest.mark.parametrize(
    ("environ", "stream", "colours"),
    [
        ({}, Screen(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, Screen(), False),
        ({"NO_COLOR": ""}, Screen(), True),
        ({"TERM": "dumb"}, Screen(), False),
    ],
)
def test_colours_are_for_terminals_and_no_color_is_respected(
    environ: dict[str, str], stream: io.StringIO, colours: bool
) -> None:
    assert Terminal(stream, environ).colours is colours


def test_a_list_has_a_line_for_each_job_in_columns() -> None:
    lines = table([JOB, {**JOB, "id": "02", "verdict": None, "state": "running"}], NOW, plain())
    assert [line.split()[:2] for line in lines] == [
        ["ID", "STATE"],
        ["01h", "failed"],
        ["02", "running"],
    ]
    assert "4.2s" in lines[1]
    assert "10s ago" in lines[1]


@pytest.mark.parametrize(
    ("job", "word"),
    [
        ({"state": "queued"}, "queued"),
        ({"verdict": "failed", "exit_code": 3}, "failed (3)"),
        ({"verdict": "failed", "signal": 9}, "failed (signal 9)"),
        ({"verdict": "errored", "cause": "image_missing"}, "errored (image_missing)"),
        ({"verdict": "passed"}, "passed"),
    ],
)
def test_a_state_is_one_word_and_what_it_needs(job: dict[str, Any], word: str) -> None:
    assert state_word(job) == word


def test_lengths_of_time_get_coarser_as_they_grow() -> None:
    assert [span(s) for s in (0.04, 4.26, 59.6, 3700, 200000)] == ["0s", "4.3s", "1m", "1h2m", "2d"]


def test_the_verdict_says_what_happened_and_what_to_do() -> None:
    assert verdict_lines(JOB, 4.2, plain()) == ["failed after 4.2s, exit status 3"]
    errored = {
        **JOB,
        "verdict": "errored",
        "cause": "image_missing",
        "detail": "there is no x:1",
    }
    lines = verdict_lines(errored, 1, plain())
    assert lines[:2] == ["errored after 1s: image_missing", "There is no x:1."]
    assert "Check the spelling" in lines[2]


def test_a_log_that_is_not_whole_is_admitted() -> None:
    log = {"omitted_bytes": 5, "dropped_bytes": 7, "drained": False}
    lines = verdict_lines({**JOB, "attempts": [{"report": {"log": log}}]}, 1, plain())
    text = " ".join(lines)
    assert "5 bytes in its middle" in text
    assert "lacks 7 bytes" in text
    assert "may lack its end" in text
