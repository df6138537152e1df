"""Text of others in GitHub's Markdown: shown as it is, and never able to be more than text."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|<>&~=:])")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that make text read otherwise than it is (CVE-2021-42574)."""
_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")
_TICKS = re.compile("`+")


def visible(text: str) -> str:
    """Without control characters but tabs and line ends, and without half characters."""
    return _UNSEEN.sub("", text).encode("utf-8", "replace").decode()


def basic(text: str) -> str:
    """Without characters that take four bytes, such as emoji: a status's texts may have none
    ("description doesn't accept 4-byte Unicode", github.com/ouzi-dev/commit-status-updater 526)."""
    return _FOUR_BYTES.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """Visible, with single spaces for all white space."""
    return " ".join(visible(text.replace("\r", " ")).split())


def escaped(text: str) -> str:
    """One line of plain text. Nobody is mentioned by it: a name after @ is cut off from it."""
    return _SPECIAL.sub(r"\\\1", one_line(text)).replace("@", "@\u2060")


def code(text: str) -> str:
    """One line as code; also right in a table, where a bar would begin a cell."""
    plain = one_line(text)
    if not plain:
        return ""
    ticks = "`" * (_longest_run(plain) + 1)
    space = " " if plain[0] == "`" or plain[-1] == "`" else ""
    return f"{ticks}{space}{plain}{space}{ticks}".replace("|", "\\|")


def fenced(text: str) -> str:
    """Lines as code: the fence is longer than any run of backticks within."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def cut(text: str, most: int) -> str:
    """At most ``most`` characters, with an ellipsis where some were left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def size(text: str) -> int:
    """Bytes, which GitHub counts where it says characters ("summary exceeds a maximum bytesize of
    65535", github.com/github/docs 35252)."""
    return len(text.encode("utf-8", "replace"))


def _longest_run(text: str) -> int:
    return max((len(found[0]) for found in _TICKS.finditer(text)), default=0)
