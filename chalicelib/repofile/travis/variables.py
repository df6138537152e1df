"""The key ``env``: rows of assignments, as a shell reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.values import deeper, kind_of, short, text

Warn = Callable[[tuple[str | int, ...], str], None]
"""Takes the path of what is ignored, below ``env``, and a sentence."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MATRIX = ("jobs", "matrix")
_SECURE = (
    "encrypted variables can't be read here: keep the value as a secret of the project (towline "
    "secret set) and ask for it in a .towline.yml"
)


@dataclass(frozen=True, slots=True)
class Variables:
    """``everywhere`` holds for every job; each of ``rows`` makes a job of its own."""

    everywhere: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


def read_variables(value: Any, warn: Warn) -> Variables:
    """Raises ``ValueError``, or ``Misplaced`` for what is inside."""
    if isinstance(value, dict) and any(key in value for key in ("global", *_MATRIX)):
        return _sections(value, warn)
    return Variables(rows=_rows(value, warn, ()))


def one_job(value: Any, warn: Warn) -> tuple[str, ...]:
    """The variables of a single job below ``jobs.include``."""
    return _rows(value, warn, ())


def _sections(value: dict[str, Any], warn: Warn) -> Variables:
    everywhere: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    for key, given in value.items():
        if key == "global":
            everywhere = deeper(key, partial(_rows, warn=warn, path=(key,)), given)
        elif key in _MATRIX:
            rows += deeper(key, partial(_rows, warn=warn, path=(key,)), given)
        else:
            raise Misplaced((key,), "beside 'global' there is only 'jobs'", at_key=True)
    return Variables(everywhere, rows)


def _rows(value: Any, warn: Warn, path: tuple[str | int, ...]) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        row = _row(value, warn, path)
        return (row,) if row else ()
    made = []
    for index, item in enumerate(value):
        row = deeper(index, partial(_row, warn=warn, path=(*path, index)), item)
        if row:
            made.append(row)
    return tuple(made)


def _row(value: Any, warn: Warn, path: tuple[str | int, ...]) -> str:
    """One line of assignments; empty when nothing of it can be used."""
    if isinstance(value, dict):
        parts = []
        for name, given in value.items():
            if name == "secure":
                warn(path, _SECURE)
            elif isinstance(given, dict) and "secure" in given:
                warn((*path, name), _SECURE)
            elif not _NAME.match(name):
                raise Misplaced((name,), "a variable's name has letters, digits and _", at_key=True)
            else:
                parts.append(f"{name}={deeper(name, _value, given)}")
        return " ".join(parts)
    if not isinstance(value, Word):
        raise ValueError(f"must be variables, as in 'NAME=value', not {kind_of(value)}")
    line = text(value).strip()
    if line and not _ASSIGNMENT.match(line):
        raise ValueError(f"{short(line)} is no assignment such as NAME=value")
    return line


def _value(given: Any) -> str:
    """A value of a mapping in a shell's words: ``$HOME`` counts, blanks belong to it."""
    word = text(given) if given else ""
    if re.fullmatch(r"""[^\s"'`\\;&|<>()#*?~]*|"[^"]*"|'[^']*'""", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    return f'"{escaped}"'
