"""Reads a page as a browser does: its elements, their attributes and the text between them."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = ("meta", "br", "hr", "link")


class Reader(HTMLParser):
    """``tags`` in order, ``links``, ``text``, and ``open``: elements that were not closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.links: list[str] = []
        self.open: list[str] = []
        self.oddities: list[str] = []
        self.pieces: list[tuple[str, str]] = []
        self.metas: list[dict[str, str | None]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        given = dict(attrs)
        if tag == "meta":
            self.metas.append(given)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.oddities.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.pieces.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        self.oddities.append(f"<!--{data}-->")

    def unknown_decl(self, data: str) -> None:
        self.oddities.append(data)

    def handle_pi(self, data: str) -> None:
        self.oddities.append(data)

    def within(self, tag: str) -> list[str]:
        """The texts directly in elements of this name."""
        return [text for inside, text in self.pieces if inside == tag]

    @property
    def text(self) -> str:
        return "".join(text for tag, text in self.pieces if tag != "style")
