"""A whole page, and the headers that it must be served with."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from chalicelib.pages.markup import Child, Html, element, joined
from chalicelib.pages.style import STYLE

REFRESH_S = 10
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    # Nothing is loaded, run, framed or sent, but the one style that is in the page:
    # https://www.w3.org/TR/CSP3/. Not "sandbox": without scripts it forbids the refresh too.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # The address holds the key to the page: it must reach neither other sites nor caches.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Page:
    """``refresh``: what it shows still changes, so the browser is to ask again."""

    title: str
    body: Html
    refresh: bool = False


def document(page: Page) -> str:
    """The page as it is sent, with ``HEADERS``."""
    refresh = element("meta", http_equiv="refresh", content=str(REFRESH_S))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        refresh if page.refresh else None,
        element("title", page.title),
        Html(f"<style>{STYLE}</style>"),
    )
    footer = element(
        "footer",
        "Whoever has this address may read this page. ",
        f"It renews itself every {REFRESH_S} seconds." if page.refresh else None,
    )
    body = element("body", element("main", page.body), footer)
    return "<!DOCTYPE html>\n" + element("html", head, body, lang="en").text + "\n"


def facts(*rows: tuple[str, Child]) -> Html:
    """Names and values; a row without a value is left out."""
    return element(
        "dl",
        *(
            joined(element("dt", name), element("dd", value))
            for name, value in rows
            if value not in (None, "")
        ),
    )


def table(caption: str, heads: tuple[str, ...], rows: list[tuple[Child, ...]]) -> Html:
    """With a heading for each column, and the first cell of each row as its heading."""
    top = element("tr", *(element("th", head, scope="col") for head in heads))
    body = (
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell) for cell in row[1:]),
        )
        for row in rows
    )
    inner = element(
        "table",
        element("caption", caption),
        element("thead", top),
        element("tbody", *body),
    )
    return element("div", inner, class_="scroll")


def word(text: str) -> Html:
    """A state or verdict in its colour; the word itself says it too."""
    return element("span", text.replace("_", " "), class_=f"word {text}")


def time(moment: datetime | None) -> Html | None:
    """To the second, in UTC."""
    if moment is None:
        return None
    shown, exact = moment.strftime("%Y-%m-%d %H:%M:%S UTC"), moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return element("time", shown, datetime=exact)


def missing() -> Page:
    """For an unknown id and for a wrong key alike: nobody learns which it was."""
    return Page(
        "Nothing here",
        joined(
            element("h1", "Nothing here"),
            element(
                "p",
                "The address is not complete, or what it showed is no longer kept. ",
                "Open it again from where you have it.",
            ),
        ),
    )


def away() -> Page:
    """The service can't reach what it depends on."""
    return Page(
        "Not now",
        joined(
            element("h1", "Not now"),
            element("p", "The service could not read its records. It is tried again by itself."),
        ),
        refresh=True,
    )
