"""Durations, sizes and CPUs as people write them, and back. Errors are sentences.

Sizes need a unit: a bare number means bytes to Docker and mebibytes to ECS, so it is refused rather
than guessed. Units of size count by 1024, with or without the ``i``, as they do for Docker.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_PART = re.compile(_NUMBER + r"\s*(?P<unit>[a-z]+)\s*")
_SIZE = re.compile(_NUMBER + r"\s*(?P<unit>[a-z]*)\Z")
_BARE = re.compile(_NUMBER + r"\Z")

_SECONDS = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "sec": Fraction(1),
    "m": Fraction(60),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}
_DESCENDING = (("d", 86400), ("h", 3600), ("m", 60))

_BYTES = {
    unit: 1 << shift
    for shift, units in {
        0: ("b",),
        10: ("k", "kb", "kib"),
        20: ("m", "mb", "mib"),
        30: ("g", "gb", "gib"),
        40: ("t", "tb", "tib"),
    }.items()
    for unit in units
}
_SIZE_NAMES = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))

_MAX_LENGTH = 40


class QuantityError(ValueError):
    """A duration, size or CPU share that can't be read. Its text is a sentence for people."""


def parse_duration(text: str) -> float:
    """Seconds, from ``90s``, ``15m``, ``2h``, ``1h30m``, ``1.5h``, ``2d``, ``500ms`` or ``90``.

    A bare number is seconds. Units are case-insensitive, go from large to small and appear once
    each. Never negative. Raises ``QuantityError``.
    """
    words = _trim(text, "a duration", "90s, 15m, 2h or 1h30m")
    if _BARE.match(words):
        return float(words)
    total = Fraction(0)
    last: Fraction | None = None
    position = 0
    while position < len(words):
        part = _PART.match(words, position)
        unit = _SECONDS.get(part["unit"]) if part else None
        if part is None or unit is None or (last is not None and unit >= last):
            raise QuantityError(
                f"{text.strip()!r} is not a duration: write it like 90s, 15m, 2h or 1h30m "
                "(units: ms, s, m, h, d)"
            )
        total += Fraction(_digits(part["number"])) * unit
        last = unit
        position = part.end()
    return float(total)


def parse_size(text: str) -> int:
    """Bytes, rounded up, from ``512m``, ``2g``, ``1.5GiB``, ``64kb`` or ``100b``.

    Raises ``QuantityError``, also for a number without a unit.
    """
    words = _trim(text, "a size", "512m or 2g")
    found = _SIZE.match(words)
    if found is not None and not found["unit"]:
        raise QuantityError(
            f"{words!r} has no unit: write {words}m for mebibytes or {words}g for gibibytes"
        )
    unit = _BYTES.get(found["unit"]) if found else None
    if found is None or unit is None:
        raise QuantityError(
            f"{text.strip()!r} is not a size: write it like 512m or 2g (units: b, k, m, g, t)"
        )
    return math.ceil(Fraction(_digits(found["number"])) * unit)


def parse_size_mib(text: str) -> int:
    """Mebibytes, rounded up. Raises ``QuantityError`` as ``parse_size`` does."""
    return -(-parse_size(text) // (1 << 20))


def parse_cpu(text: str) -> float:
    """Virtual CPUs, from ``2``, ``0.5`` or ``500m`` (thousandths). Raises ``QuantityError``."""
    words = _trim(text, "a number of CPUs", "0.5, 2 or 500m")
    thousandths = words.endswith("m")
    number = words.removesuffix("m").rstrip() if thousandths else words
    if not _BARE.match(number) or Fraction(_digits(number)) == 0:
        raise QuantityError(
            f"{text.strip()!r} is not a number of CPUs: write it like 0.5, 2 or 500m"
        )
    return float(Fraction(_digits(number)) / (1000 if thousandths else 1))


def format_duration(seconds: float) -> str:
    """For people and for ``parse_duration``: ``1h30m``, ``90s`` as ``1m30s``, ``1.25s``, ``40ms``.

    From a minute on whole seconds only. Raises ``ValueError`` for what is no duration.
    """
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{seconds} is not a duration")
    if 0 < seconds < 1:
        thousandths = round(seconds * 1000)
        return f"{thousandths}ms" if thousandths < 1000 else "1s"
    if seconds < 60:
        shown = round(seconds, 2)
        if shown < 60:
            return f"{shown:g}s"
    rest = round(seconds)
    parts = []
    for name, size in _DESCENDING:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{name}")
    if rest:
        parts.append(f"{rest}s")
    return "".join(parts)


def format_size(size: int) -> str:
    """For people: ``512 B``, ``1.5 KiB``, ``2 GiB``. Raises ``ValueError`` below 0."""
    if size < 0:
        raise ValueError(f"{size} is not a size")
    for name, unit in _SIZE_NAMES:
        # 1023.99 KiB would be shown as 1024 KiB: rounding up leads to the next unit.
        if round(size / unit, 1) >= 1 and size >= unit * 0.9995:
            return f"{round(size / unit, 1):g} {name}"
    return f"{size} B"


def _trim(text: str, what: str, examples: str) -> str:
    words = text.strip().lower()
    if not words:
        raise QuantityError(f"{what} is missing: write it like {examples}")
    if len(words) > _MAX_LENGTH:
        raise QuantityError(f"{words[:_MAX_LENGTH]!r}... is too long for {what}")
    return words


def _digits(number: str) -> str:
    """``.5`` and ``2.`` as ``Fraction`` reads them in every Python version."""
    return f"0{number}" if number.startswith(".") else number.rstrip(".") or "0"
