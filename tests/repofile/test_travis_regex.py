"""Regular expressions for branches: as Python's own, without its backtracking."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repofile.travis.regex import Regex

PATTERNS = [
    "", "a", "ab", "a|b", "^a", "a$", "^a$", "^(a|b)+$", "a*b", "a+b?", "(ab)*", "^(?:a|bb){2,3}$",
    "[ab]+", "[^a]", "[a-c]b", r"\d", r"\D", r"\w+", r"\.", r"a\.b", "a.b", r"\bab\b", r"^a{2}$",
    "^a{2,}$", "^a{0,1}b$", "a*?b", "(a*)*b", "(a|ab)(c|bcd)$", r"[\d.]+", r"[\]a]", "a||b", "()",
    r"\Aab\Z", "[a-]", r"[\w-]+$", "(^a|b$)",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text("abc1.-_ ", max_size=8))
def test_it_agrees_with_python(pattern: str, text: str) -> None:
    expected = re.search(pattern, text, re.DOTALL) is not None
    assert Regex(pattern).found_in(text) == expected


def test_case_is_ignored_where_it_is_asked_for() -> None:
    assert Regex("^Ab[C-E]", ignore_case=True).found_in("aBd")
    assert not Regex("^Ab").found_in("ab")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("a(", "a '(' that is not closed"),
        ("a)", "a ')' that nothing opens"),
        ("[a", "a '[' that is not closed"),
        ("*a", "'*' with nothing before it"),
        ("a**", "repeats a repetition"),
        ("^*", "repeats a place"),
        ("a{x}", "no count such as {2,3}"),
        ("a{3,2}", "small one first"),
        ("a{1000}", "from 0 to 100"),
        ("(?=a)", "of which only '(?:…' is supported"),
        ("(?<n>a)", "of which only '(?:…' is supported"),
        (r"\1", r"has \1, which is not supported"),
        (r"\p", r"has \p, which is not supported"),
        ("a\\", "ends in a backslash"),
        ("[b-a]", "upside down"),
        ("[a[b]]", "a set inside of a set"),
        ("a" * 201, "longer than 200"),
        ("((a{100}){100}){100}", "too long when its repetitions are written out"),
        ("((((){100}){100}){100}){100}", "too long when its repetitions are written out"),
    ],
)
def test_what_is_not_supported_is_said(pattern: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Regex(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "^(a|a)*$", "^(a|aa)+$", "a*a*a*a*a*a*a*b", "(.*a){20}$"]
)
def test_none_takes_long(pattern: str) -> None:
    """Each of them is endless for an engine that goes back. Processor time; it is a hundredth."""
    began = time.process_time()
    assert not Regex(pattern).found_in("a" * 18 + "!" * 200)
    assert time.process_time() - began < 20


@given(st.text("ab()[]{}*+?|^$\\.-1,:=<", max_size=12))
def test_any_text_is_an_expression_or_is_refused_in_words(pattern: str) -> None:
    try:
        Regex(pattern).found_in("ab1")
    except ValueError as wrong:
        assert str(wrong)  # noqa: PT017 - either end is right
