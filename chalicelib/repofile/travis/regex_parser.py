"""The text of a regular expression as a tree: the parts of Ruby's that names of branches need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_LENGTH = 200
MAX_REPEAT = 100

Takes = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Character:
    takes: Takes


@dataclass(frozen=True, slots=True)
class Anchor:
    """``start``, ``end``, ``boundary`` or ``inside``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    part: Part
    least: int
    most: int | None


Part = Character | Anchor | Sequence | Alternatives | Repeat

_CLASSES: dict[str, Takes] = {
    "d": lambda letter: letter.isascii() and letter.isdigit(),
    "w": lambda letter: letter.isascii() and (letter.isalnum() or letter == "_"),
    "s": lambda letter: letter in " \t\n\r\f\v",
    "h": lambda letter: letter in "0123456789abcdefABCDEF",
}
_ANCHORS = {"A": "start", "z": "end", "Z": "end", "b": "boundary", "B": "inside"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


def parse(source: str) -> Part:
    """Raises ``ValueError`` with a sentence."""
    if len(source) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    parser = _Parser(source)
    part = parser.alternatives()
    if parser.rest:
        raise ValueError("has a ')' that nothing opens")
    return part


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    @property
    def rest(self) -> str:
        return self._source[self._at :]

    def _skip(self, text: str) -> bool:
        if not self._source.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _next(self, missing: str) -> str:
        if not self.rest:
            raise ValueError(missing)
        self._at += 1
        return self._source[self._at - 1]

    def alternatives(self) -> Part:
        parts = [self._sequence()]
        while self._skip("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        bounds = self._bounds()
        if bounds is None:
            return part
        if isinstance(part, Anchor):
            raise ValueError("repeats a place such as ^ or $")
        # Lazy and possessive: which match is found does not matter, only whether there is one.
        lazy = self._skip("?") or self._skip("+")
        if not lazy and self.rest[:1] == "*":
            raise ValueError("repeats a repetition")
        return Repeat(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return bounds
        if not self._skip("{"):
            return None
        inside, closed, _ = self.rest.partition("}")
        low, comma, high = inside.partition(",")
        numbers = [word for word in (low, high) if word]
        if not closed or not numbers or not all(map(_is_number, numbers)):
            raise ValueError("has a '{' that is no count such as {2,3}; write \\{ for a brace")
        self._at += len(inside) + 1
        least = int(low or 0)
        most = int(high) if high else None if comma else least
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise ValueError(f"has the count {{{inside}}}: from 0 to {MAX_REPEAT}, small one first")
        return least, most

    def _atom(self) -> Part:
        letter = self._next("")
        if letter == "(":
            return self._group()
        if letter == "[":
            return Character(self._set())
        if letter == "\\":
            return self._escape()
        if letter in "^$":
            return Anchor("start" if letter == "^" else "end")
        if letter in "*+?{":
            raise ValueError(f"has a {letter!r} with nothing before it to repeat")
        if letter == ".":
            return Character(lambda other: other != "\n")
        return Character(lambda other: other == letter)

    def _group(self) -> Part:
        if self._skip("?") and not self._skip(":"):
            raise ValueError("has a group '(?…', of which only '(?:…' is supported")
        part = self.alternatives()
        if not self._skip(")"):
            raise ValueError("has a '(' that is not closed")
        return part

    def _escape(self) -> Part:
        letter = self._next("ends in a backslash")
        if letter in _ANCHORS:
            return Anchor(_ANCHORS[letter])
        return Character(_escaped(letter))

    def _set(self) -> Takes:
        negated = self._skip("^")
        tests: list[Takes] = []
        first = True
        while first or not self.rest.startswith("]"):
            low = self._one_of_set()
            first = False
            if isinstance(low, str) and self.rest[:1] == "-" and self.rest[1:2] not in ("]", ""):
                self._at += 1
                high = self._one_of_set()
                if not isinstance(high, str) or low > high:
                    raise ValueError("has a range in [] that is upside down")
                tests.append(_between(low, high))
            else:
                tests.append(_between(low, low) if isinstance(low, str) else low)
        self._at += 1
        return lambda letter: any(test(letter) for test in tests) != negated

    def _one_of_set(self) -> str | Takes:
        letter = self._next("has a '[' that is not closed")
        if letter == "[" or (letter == "&" and self.rest[:1] == "&"):
            raise ValueError("has a set inside of a set, which is not supported")
        if letter != "\\":
            return letter
        escaped = self._next("ends in a backslash")
        return _escaped(escaped) if escaped.isalpha() else escaped


def _escaped(letter: str) -> Takes:
    if letter.lower() in _CLASSES:
        test = _CLASSES[letter.lower()]
        return test if letter.islower() else lambda other: not test(other)
    if letter in _CONTROLS:
        return _between(_CONTROLS[letter], _CONTROLS[letter])
    if letter.isalnum():
        raise ValueError(f"has \\{letter}, which is not supported")
    return _between(letter, letter)


def _between(low: str, high: str) -> Takes:
    return lambda letter: low <= letter <= high


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 4
