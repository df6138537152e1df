"""A badge for READMEs: a small SVG without scripts, links or fonts of its own."""

from __future__ import annotations

from enum import StrEnum

from chalicelib.pages.markup import Html, element, joined

LABEL = "build"
WIDTHS = {LABEL: 30, "passing": 44, "failing": 37, "running": 45, "unknown": 54}
"""Pixels at 11 px; texts are fitted to them, whatever font there is."""
PADDING = 6


class BadgeWord(StrEnum):
    """All that a badge says. ``UNKNOWN`` also stands for a project that has none to show."""

    PASSING = "passing"
    FAILING = "failing"
    RUNNING = "running"
    UNKNOWN = "unknown"


COLOURS = {
    BadgeWord.PASSING: "#1a7f37",
    BadgeWord.FAILING: "#cf222e",
    BadgeWord.RUNNING: "#9a6700",
    BadgeWord.UNKNOWN: "#59636e",
}
"""White text on them has a contrast of 4.5 or more (WCAG 2.2, 1.4.3)."""

HEADERS = {
    "Content-Type": "image/svg+xml; charset=utf-8",
    # GitHub shows images through a cache of its own, which keeps to this:
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-anonymized-urls
    "Cache-Control": "public, max-age=60",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def badge(word: BadgeWord) -> str:
    """The SVG. There are four of them: nothing that anybody wrote is in it."""
    left, right = _width(LABEL), _width(word)
    text = joined(
        _text(LABEL, left / 2, left),
        _text(word, left + right / 2, right),
    )
    picture = element(
        "svg",
        element("title", f"{LABEL}: {word}"),
        element("rect", width=str(left + right), height="20", rx="3", fill="#3d444d"),
        element("path", d=_right_half(left, right), fill=COLOURS[word]),
        element(
            "g",
            text,
            fill="#fff",
            text_anchor="middle",
            font_family="Verdana,DejaVu Sans,sans-serif",
            font_size="11",
        ),
        xmlns="http://www.w3.org/2000/svg",
        width=str(left + right),
        height="20",
        role="img",
        aria_label=f"{LABEL}: {word}",
    )
    return picture.text + "\n"


def _width(text: str) -> int:
    return WIDTHS[text] + 2 * PADDING


def _right_half(left: int, right: int) -> str:
    return f"M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z"


def _text(text: str, middle: float, width: int) -> Html:
    return element("text", text, x=f"{middle:g}", y="14", textLength=str(width - 2 * PADDING))
