"""Sizes as people write them: `64m`, `1g`, `512k`."""

from __future__ import annotations

_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30}


def parse_size(text: str | int) -> int:
    """Bytes in ``text``; a bare number is bytes. Raises ``ValueError`` when it is no size."""
    words = str(text).strip().lower()
    number, unit = (words[:-1], words[-1]) if words[-1:] in ("k", "m", "g") else (words, "")
    if not number.isdigit():
        raise ValueError(f"{text!r} is not a size such as 64m")
    return int(number) << _SHIFTS[unit]
