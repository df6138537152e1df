"""Texts as words of a shell script. POSIX 2.2.2: nothing is special between single quotes."""

from __future__ import annotations


def quoted(text: str) -> str:
    """One word of a POSIX shell that means exactly this text; it holds no NUL."""
    return "'" + text.replace("'", "'\\''") + "'"
