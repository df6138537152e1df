"""HTML out of values: whatever is not made by ``element`` is text, so no text can become markup."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe"
    "\uffff]"
)
"""Controls but tab and line feed; what makes text read otherwise than it is (CVE-2021-42574); and
what is no character."""
_VOID = frozenset({"br", "hr", "link", "meta"})


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is safe to put into a page. Only this module makes it of text."""

    text: str


Child = Html | str | None
"""A plain string is shown as it is, character for character; None is left out."""


def element(name: str, /, *children: Child, **attributes: str | None) -> Html:
    """``<name attributes>children</name>``. Of an attribute's name the last ``_`` is dropped and
    others become ``-``; one that is None is left out."""
    given = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{html.escape(visible(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(*children).text}</{name}>")


def joined(*children: Child) -> Html:
    """One after the other, without anything between."""
    return Html("".join(_text(child) for child in children))


def anchor(href: str, *children: Child) -> Html:
    """A link within the service or to ``https``; of any other address only the text is left."""
    inside = href.startswith(("./", "../", "?"))
    if not inside and not href.startswith(("https://", "http://")):
        return joined(*children)
    return element("a", *children, href=href)


def visible(text: str) -> str:
    """With the number of each character that can't be seen in its place, such as ``[U+202E]``."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def _text(child: Child) -> str:
    if child is None:
        return ""
    return child.text if isinstance(child, Html) else html.escape(visible(child))
