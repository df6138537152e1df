"""The log's end on GitHub's page: what a terminal would show, and never more than text."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.github.log_tail import MOST_LINES, log_tail
from chalicelib.github.markdown import code, escaped, fenced

MOST = 65_535


def body(text: str) -> str:
    """What is between the fences."""
    shown = log_tail(text, MOST)
    found = re.search(r"(?s)^(`{3,})text\n(.*)\n\1\Z", shown, re.MULTILINE)
    assert found is not None, shown
    return found[2]


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("one\ntwo\n", "one\ntwo"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("10%\r50%\r100%\ndone\n", "100%\ndone"),
        ("\x1b[1;31mred\x1b[0m and \x1b[38;2;1;2;3mblue\x1b[m", "red and blue"),
        ("\x1b]0;a title\x07text \x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "text link"),
        ("\x1b]0;without an end\nnext", "\nnext"),
        ("\x1b(B\x1b=\x1b7kept\x1b8", "kept"),
        ("bell\x07 null\x00 back\x08", "bell null back"),
        ("tab\tkept", "tab\tkept"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("end\n\n\n", "end"),
        ("\N{SNOWMAN}", "\N{SNOWMAN}"),
    ],
)
def test_lines_as_a_terminal_leaves_them(log: str, shown: str) -> None:
    assert body(log) == shown


def test_no_log_has_no_tail() -> None:
    for log in ("", "\n\n", "\x1b[0m\n", " \r\n"):
        assert log_tail(log, MOST) == ""


def test_a_log_can_not_end_its_fence() -> None:
    log = "```\n# A heading, @everyone\n````````\n<script>"
    assert body(log) == log
    assert log_tail(log, MOST).startswith("`````````text\n")


def test_the_last_lines_are_kept_and_the_others_counted() -> None:
    log = "".join(f"line {number}\n" for number in range(1, 1001))
    shown = log_tail(log, MOST)
    assert shown.startswith(f"The last {MOST_LINES} lines; {1000 - MOST_LINES} are before them.")
    assert "\nline 1000\n" in shown
    assert f"\nline {1000 - MOST_LINES}\n" not in shown


def test_a_long_line_is_cut_and_does_not_push_the_others_out() -> None:
    shown = body("first\n" + "x" * 1_000_000 + "\nlast\n")
    assert shown.startswith("first\nxxx")
    assert shown.endswith("[...]\nlast")


@given(log=st.text(max_size=3000))
@example(log="`" * 60_000)
@example(log=("`" * 2000 + "\n") * 300)
@example(log=("\N{SNOWMAN}" * 2000 + "\n") * 300)
def test_whatever_a_job_prints_fits_and_stays_in_its_fence(log: str) -> None:
    shown = log_tail(log, MOST)
    assert len(shown.encode()) <= MOST
    if shown:
        fence = re.search("(`{3,})text\n", shown)
        assert fence is not None
        assert shown.count(fence[1]) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "`plain`"),
        ("a`b", "``a`b``"),
        ("`a`", "`` `a` ``"),
        ("a|b\nc", "`a\\|b c`"),
        ("", ""),
    ],
)
def test_code_in_a_line(text: str, shown: str) -> None:
    assert code(text) == shown


def test_text_in_a_line_is_no_markup_and_mentions_nobody() -> None:
    assert escaped("[x](y) **b** <i> `c` a|b") == r"\[x\]\(y\) \*\*b\*\* \<i\> \`c\` a\|b"
    assert "@octocat" not in escaped("thanks @octocat")
    assert "\n" not in escaped("a\n# b")


def test_a_fence_is_longer_than_all_within() -> None:
    assert fenced("a").startswith("```text\n")
    assert fenced("a ```` b").startswith("`````text\n")
