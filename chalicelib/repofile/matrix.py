"""A job's matrix: every combination of its axes' values, without some, with others besides."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.values import deeper, kind_of, short, text

MAX_COMBINATIONS = 100

Combination = dict[str, str]
"""A value for each name, in the file's order."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,49}\Z")
_LISTS = ("include", "exclude", "allow_failure")


@dataclass(frozen=True, slots=True)
class Matrix:
    combinations: tuple[Combination, ...]
    allow_failure: tuple[Combination, ...] = ()
    """Parts of combinations; a job whose combination has all of one may fail."""

    def may_fail(self, combination: Combination) -> bool:
        return any(_has(combination, part) for part in self.allow_failure)


def read_matrix(value: object) -> Matrix:
    """Raises ``ValueError``, or ``Misplaced`` for a mistake inside."""
    if not isinstance(value, dict):
        raise ValueError(f"must be a mapping of names to lists of values, not {kind_of(value)}")
    axes = {key: deeper(key, _axis, given) for key, given in value.items() if key not in _LISTS}
    for key in axes:
        _checked_name(key, (key,))
    if prod(map(len, axes.values())) > MAX_COMBINATIONS:
        raise ValueError(f"makes more than {MAX_COMBINATIONS} jobs")
    named = {key: deeper(key, _parts, value[key]) for key in _LISTS if key in value}
    excluded = named.get("exclude", ())
    made = [
        dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()) if axes
    ]
    kept = [each for each in made if not any(_has(each, part) for part in excluded)]
    for index, part in enumerate(excluded):
        _fits_some(made, part, ("exclude", index))
    for index, part in enumerate(named.get("include", ())):
        if part in kept:
            raise Misplaced(("include", index), "is a combination that is there already")
        kept.append(part)
    for index, part in enumerate(named.get("allow_failure", ())):
        _fits_some(kept, part, ("allow_failure", index))
    if not kept:
        raise ValueError("leaves no combination: give an axis with values, or an 'include'")
    if len(kept) > MAX_COMBINATIONS:
        raise ValueError(f"makes more than {MAX_COMBINATIONS} jobs")
    return Matrix(tuple(kept), named.get("allow_failure", ()))


def variable(name: str) -> str:
    """The environment variable that holds a matrix value: ``MATRIX_PYTHON``."""
    return "MATRIX_" + name.upper().replace("-", "_")


def title(key: str, combination: Combination) -> str:
    """``unit (python=3.12, os=debian)``."""
    values = ", ".join(f"{name}={value}" for name, value in combination.items())
    return f"{key} ({values})" if values else key


def _axis(value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple) or not value:
        raise ValueError(f"must be a list of values, not {kind_of(value or None)}")
    found: list[str] = []
    for index, item in enumerate(value):
        given = deeper(index, _value, item)
        if given in found:
            raise Misplaced((index,), f"{short(given)} is here twice")
        found.append(given)
    return tuple(found)


def _value(value: object) -> str:
    given = text(value)
    if len(given) > 100 or not given.isprintable():
        raise ValueError("a value of a matrix is one line of at most 100 characters")
    return given


def _parts(value: object) -> tuple[Combination, ...]:
    if not isinstance(value, tuple):
        raise ValueError(f"must be a list of mappings, not {kind_of(value)}")
    return tuple(deeper(index, _part, item) for index, item in enumerate(value))


def _part(value: object) -> Combination:
    if not isinstance(value, dict) or not value:
        raise ValueError("must be a mapping of names to values, such as {python: '3.12'}")
    for name in value:
        _checked_name(name, (name,))
    return {name: deeper(name, _value, given) for name, given in value.items()}


def _checked_name(name: str, path: tuple[str, ...]) -> None:
    if not _NAME.match(name):
        raise Misplaced(path, "a name in a matrix has letters, digits, _ and - only", at_key=True)


def _has(combination: Combination, part: Combination) -> bool:
    return part.items() <= combination.items()


def _fits_some(made: list[Combination], part: Combination, path: tuple[str | int, ...]) -> None:
    if not any(_has(each, part) for each in made):
        shown = ", ".join(f"{name}={value}" for name, value in part.items())
        raise Misplaced(path, f"no combination has {shown}")


_PART_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    },
}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "include": _PART_SCHEMA | {"description": "combinations besides those of the axes"},
        "exclude": _PART_SCHEMA | {"description": "combinations that are left out, by some values"},
        "allow_failure": _PART_SCHEMA | {"description": "combinations that may fail"},
    },
    "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,49}$"},
    "additionalProperties": {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": ["string", "number", "boolean"]},
    },
}
MatrixField = Annotated[Matrix, PlainValidator(read_matrix), WithJsonSchema(_SCHEMA)]


def fill_in(value: Any, combination: Combination | None) -> Any:
    """Replace ``${{ matrix.NAME }}`` in every text of a value. Raises ``Misplaced``.

    None: there is no matrix at this place, so nothing may be asked for.
    """
    if isinstance(value, Word):
        return _filled(value, combination)
    if isinstance(value, tuple):
        return tuple(
            deeper(index, lambda each: fill_in(each, combination), item)
            for index, item in enumerate(value)
        )
    if isinstance(value, dict):
        return {
            key: deeper(key, lambda each: fill_in(each, combination), item)
            for key, item in value.items()
        }
    return value


_PLACEHOLDER = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_OF_MATRIX = re.compile(r"\s*matrix\.([A-Za-z_][A-Za-z0-9_-]*)\s*\Z")


def _filled(word: Word, combination: Combination | None) -> Word:
    def value(found: re.Match[str]) -> str:
        name = _OF_MATRIX.match(found[1])
        if name is None:
            raise ValueError(
                f"{short(found[0])} means nothing here: only values of the job's matrix can be "
                "put in, as ${{ matrix.NAME }}"
            )
        if combination is None:
            raise ValueError(f"{short(found[0])} is replaced below 'jobs' and 'defaults' alone")
        if name[1] not in combination:
            has = ", ".join(combination) or "none, as the job has no matrix"
            raise ValueError(f"there is no {name[1]!r} in this combination of the matrix ({has})")
        return combination[name[1]]

    made = _PLACEHOLDER.sub(value, word)
    return Word(made, plain=word.plain)
