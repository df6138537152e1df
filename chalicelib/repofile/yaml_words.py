"""What PyYAML says of a text that is no YAML, as a sentence that says what to do."""

from __future__ import annotations

from typing import Any

from chalicelib.repofile.problems import Mark, Problem

# A part of PyYAML's own words, and ours. The first that fits counts.
_WORDS = (
    (
        "found character '\\t'",
        "a tab: YAML is indented with spaces alone; set the editor to insert spaces",
    ),
    (
        "mapping values are not allowed",
        "': ' is not expected here: quote the text if the colon belongs to it, or check the indent",
    ),
    (
        "sequence entries are not allowed",
        "a list can't begin here: put each '- ' on a line of its own, below its key",
    ),
    ("could not find expected ':'", "a key without ':' (every line of a mapping is 'key: value')"),
    ("found unexpected end of stream", "a quote was opened and is not closed"),
    (
        "found unknown escape character",
        "an unknown escape: use single quotes, or write a backslash as \\\\",
    ),
    ("found character '@'", "a text can't begin with '@': quote it"),
    ("found character '`'", "a text can't begin with '`': quote it"),
    ("found character '%'", "a text can't begin with '%': quote it"),
    (
        "expected <block end>",
        "this line does not fit the ones above: entries of one list or mapping are indented alike",
    ),
    ("expected ',' or ']'", "a '[' was opened: ',' or ']' is expected here"),
    ("expected ',' or '}'", "a '{' was opened: ',' or '}' is expected here; quote a text with '{'"),
    ("expected the node content", "a value is expected here; quote a text that begins like this"),
    ("expected alphabetic or numeric", "'*' and '&' begin aliases and anchors: quote the text"),
    (
        "expected a comment or a line break",
        "after '|' or '>' the line ends: the text begins on the next one",
    ),
)


def in_words(error: Any, text: str) -> Problem:
    """A ``yaml.YAMLError`` raised for ``text``."""
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    return Problem(
        _mark(error, text), "", next((ours for part, ours in _WORDS if part in said), said)
    )


def _mark(error: Any, text: str) -> Mark:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if "unexpected end of stream" in str(getattr(error, "problem", "")):
        # Where the quote was opened says more than where the file ends.
        mark = getattr(error, "context_mark", None) or mark
    if mark is not None:
        return Mark(mark.line + 1, mark.column + 1)
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return Mark()
    before = text[:position]
    return Mark(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
