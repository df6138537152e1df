"""The key ``branches``: names, or regular expressions between slashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.travis.regex import Regex
from chalicelib.repofile.values import deeper, kind_of, short, text

_PAGES = "gh-pages"


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    fits: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Branches:
    """``only`` goes before ``excluded``; gh-pages is built only where ``only`` names it
    (https://docs.travis-ci.com/user/customizing-the-build/#building-specific-branches)."""

    only: tuple[_Name, ...] = ()
    excluded: tuple[_Name, ...] = ()

    def why_not(self, name: str) -> str:
        """Tags are judged by their names, too, as on Travis."""
        if self.only:
            if any(each.fits(name) for each in self.only):
                return ""
            return f"{name!r} is not one of 'branches: only'"
        if any(each.fits(name) for each in self.excluded):
            return f"{name!r} is one of 'branches: except'"
        return "'gh-pages' is built only where 'branches: only' names it" if name == _PAGES else ""


def read_branches(value: Any) -> Branches:
    """Raises ``ValueError``, or ``Misplaced`` for an entry."""
    if not isinstance(value, dict):
        return Branches(only=_names(value))
    for key in value:
        if key not in ("only", "except"):
            raise Misplaced((key,), "unknown key: there are 'only' and 'except'", at_key=True)
    return Branches(
        only=deeper("only", _names, value.get("only", ())),
        excluded=deeper("except", _names, value.get("except", ())),
    )


def _names(value: Any) -> tuple[_Name, ...]:
    if isinstance(value, Word):
        return (_name(value),)
    if not isinstance(value, tuple):
        raise ValueError(f"must be a branch, or a list of branches, not {kind_of(value)}")
    return tuple(deeper(index, _name, item) for index, item in enumerate(value))


def _name(value: Any) -> _Name:
    given = text(value)
    if not given.startswith("/") or len(given) == 1:
        return _Name(given, lambda name: name == given)
    source, slash, options = given[1:].rpartition("/")
    if not slash or options.strip("i"):
        raise ValueError(f"{short(given)} is a regular expression without its '/' at the end")
    try:
        regex = Regex(source, ignore_case="i" in options)
    except ValueError as wrong:
        raise ValueError(f"the regular expression {short(given)} {wrong}") from None
    return _Name(given, regex.found_in)
