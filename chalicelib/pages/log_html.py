"""A part of a job's log as HTML. What a job writes is hostile: it may look like markup or move a
terminal's cursor.

Colours and bold are kept, as classes of the page's own style. Of all other terminal commands
nothing is left; of a line that was written over, as progress bars do, the last state is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chalicelib.pages.markup import Html, element, joined

MOST_BYTES = 64 << 10
"""Of one page. Each becomes eight characters at most, which Lambda's 6 MB hold easily."""
MOST_LINE = 4000
"""Characters; a longer line is cut, as browsers are slow at laying out a very long one."""

# ECMA-48: control sequences, strings (titles, links) with their end, and other escapes.
_ESCAPE = re.compile(
    "\x1b\\[(?P<numbers>[0-?]*)[ -/]*(?P<final>[@-~])"
    "|\x1b[\\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?|\x1b[ -/]*[0-~]|\x1b"
)
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def log_html(data: bytes) -> Html:
    """The bytes as lines of text, coloured. Bytes that are no UTF-8 become U+FFFD."""
    return joined(*_lines(data[:MOST_BYTES].decode("utf-8", "replace")))


def without_colours(data: bytes) -> str:
    """The same bytes as plain text, for readers that know neither HTML nor terminals."""
    return _ESCAPE.sub("", data.decode("utf-8", "replace")).replace("\r\n", "\n")


def _lines(text: str) -> Iterator[Html | str]:
    style = _Style()
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\n"
        kept, before = _last_state(line)
        # What was written over is not shown, but its colours go on.
        for found in _ESCAPE.finditer(before):
            style.take(found)
        yield from _pieces(kept, style)


def _last_state(line: str) -> tuple[str, str]:
    """What a terminal would show of the line last, and what was written over by it."""
    before, _, state = line.rstrip("\r").rpartition("\r")
    return state, before


def _pieces(line: str, style: _Style) -> Iterable[Html | str]:
    begin, room = 0, MOST_LINE
    for found in _ESCAPE.finditer(line):
        if room > 0:
            yield style.paint(line[begin : found.start()][:room])
        room -= found.start() - begin
        style.take(found)
        begin = found.end()
    rest = line[begin:]
    if room > 0:
        yield style.paint(rest[:room])
    if len(rest) > room:
        yield element("span", " [the line goes on]", class_="cut")


class _Style:
    """What the terminal's colour commands so far have set."""

    def __init__(self) -> None:
        self._colour = ""
        self._bold = False

    def paint(self, text: str) -> Html | str:
        classes = " ".join(filter(None, (self._colour, "bold" if self._bold else "")))
        return element("span", text, class_=classes) if text and classes else text

    def take(self, found: re.Match[str]) -> None:
        """Follow a "select graphic rendition" command; all others change nothing."""
        if found["final"] != "m":
            return
        codes = iter(found["numbers"].split(";"))
        for code in codes:
            if code in ("38", "48", "58"):  # a colour by number or by its parts: dropped whole
                for _ in range({"5": 1, "2": 3}.get(next(codes, ""), 0)):
                    next(codes, None)
                self._colour = "" if code == "38" else self._colour
            else:
                self._set(code)

    def _set(self, code: str) -> None:
        if code in ("", "0", "00"):
            self._colour, self._bold = "", False
        elif code in ("1", "01"):
            self._bold = True
        elif code == "22":
            self._bold = False
        elif code == "39":
            self._colour = ""
        elif len(code) == 2 and code[0] in "39" and code[1] in "01234567":
            self._colour = _COLOURS[int(code[1])]
