"""Patterns of branches, tags and paths: what they fit, and that none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repofile.filters import fits, path_patterns, patterns
from chalicelib.repofile.glob import glob
from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced


@pytest.mark.parametrize(
    ("pattern", "fit", "unfit"),
    [
        ("main", ["main"], ["main2", "amain", "Main", ""]),
        ("release/*", ["release/1.2", "release/"], ["release/1/2", "release"]),
        ("release/**", ["release/1", "release/1/2"], ["release"]),
        ("*", ["a", ""], ["a/b"]),
        ("**", ["", "a", "a/b/c"], []),
        ("*.md", ["a.md", ".md"], ["a/b.md", "a.mdx"]),
        ("**/*.md", ["a.md", "a/b.md", "a/b/c.md"], ["a.txt", "md"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "a/b/c"]),
        ("**/b", ["b", "a/b", "a/c/b"], ["ab", "b/a"]),
        ("a**b", ["ab", "a/x/b", "axb"], ["ba"]),
        ("**a*b", ["ab", "xa/ab", "a/ayb"], ["a/b"]),
        ("?.py", ["a.py"], ["ab.py", "/.py", ".py"]),
        ("v[0-9]", ["v1"], ["va", "v", "v10"]),
        ("v[!0-9]", ["va"], ["v1", "v/"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[*]", ["*"], ["a"]),
        ("\\*", ["*"], ["a"]),
        ("\\{a\\}", ["{a}"], ["a"]),
        ("a.b+c$", ["a.b+c$"], ["axb+c$"]),
        ("äö*", ["äöx"], ["aö"]),
    ],
)
def test_what_a_pattern_fits(pattern: str, fit: list[str], unfit: list[str]) -> None:
    assert [text for text in fit if not glob(pattern).fits(text)] == []
    assert [text for text in unfit if glob(pattern).fits(text)] == []


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "empty pattern"),
        ("a[b", "not closed"),
        ("a{b,c}", "braces are not supported"),
        ("[b-a]", "upside down"),
        ("a\\", "ends in a backslash"),
        ("a" * 251, "at most 250"),
    ],
)
def test_what_is_no_pattern_is_said(pattern: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        glob(pattern)


PARTS = st.lists(
    st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "[ab]", "[!a]"]), max_size=8
)


def as_regex(parts: list[str]) -> str:
    """The same pattern for Python's own engine; "**/" means folders where a name begins."""
    text = "".join(parts)
    made, at = "", 0
    while at < len(text):
        if text.startswith("**/", at) and (at == 0 or text[at - 1] == "/"):
            made, at = made + "(?:.*/)?", at + 3
        elif text.startswith("**", at):
            made, at = made + ".*", at + 2
        elif text[at] == "*":
            made, at = made + "[^/]*", at + 1
        elif text[at] == "?":
            made, at = made + "[^/]", at + 1
        elif text.startswith("[ab]", at):
            made, at = made + "[ab]", at + 4
        elif text.startswith("[!a]", at):
            made, at = made + "[^a/]", at + 4
        else:
            made, at = made + text[at], at + 1
    return made


@given(PARTS.filter(bool), st.text("ab/c", max_size=10))
def test_it_agrees_with_a_regular_expression(parts: list[str], text: str) -> None:
    expected = re.fullmatch(as_regex(parts), text, re.DOTALL) is not None
    assert glob("".join(parts)).fits(text) == expected


def test_no_pattern_takes_long() -> None:
    """The classic against backtracking. Processor time; it is a hundredth."""
    began = time.process_time()
    assert not glob("a*" * 60 + "b").fits("a" * 4000)
    assert not glob("**a" * 60 + "b").fits("a/" * 2000)
    assert time.process_time() - began < 30


@pytest.mark.parametrize(
    ("found", "text", "expected"),
    [
        (("main",), "main", True),
        (("main",), "dev", False),
        (("**", "!main"), "main", False),
        (("**", "!main"), "dev", True),
        (("!main",), "main", False),
        (("!main",), "dev", True),
        (("release/**", "!release/old", "release/old"), "release/old", True),
        ((), "main", False),
    ],
)
def test_the_last_pattern_that_fits_decides(
    found: tuple[str, ...], text: str, expected: bool
) -> None:
    assert fits(found, text) is expected


def test_a_folder_means_all_below_it() -> None:
    assert path_patterns((Word("docs/"), Word("!docs/old/"))) == ("docs/**", "!docs/old/**")


@pytest.mark.parametrize("path", ["/docs", "./docs", "!/docs"])
def test_paths_begin_at_the_root_without_a_slash(path: str) -> None:
    with pytest.raises(Misplaced, match="begin at the repository's root"):
        path_patterns(Word(path))


def test_an_empty_list_would_fit_nothing_and_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing would ever fit"):
        patterns(())
