"""One pattern for branches, tags or paths, and whether a text fits it.

``*`` stands for anything but ``/``, ``**`` for anything, ``**/`` for any folders or none, ``?`` for
one character but ``/``, ``[a-z]`` and ``[!a-z]`` for one of a set; a backslash takes the next
character as it is. A pattern must fit the whole text. Matching takes time linear in the text,
whatever the pattern: it keeps the places in the pattern that can be reached as bits of a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERN = 250


@dataclass(frozen=True, slots=True)
class _Step:
    """One place in a pattern. A character that it takes leads to the next place.

    ``loops`` is what keeps the matcher here: nothing, "segment" (anything but ``/``) or "all".
    ``skips`` are the places ahead that are reached without any character.
    """

    chars: frozenset[str] = frozenset()
    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False
    loops: str = ""
    skips: tuple[int, ...] = ()

    def takes(self, letter: str) -> bool:
        inside = letter in self.chars or any(low <= letter <= high for low, high in self.ranges)
        return letter != "/" and not inside if self.negated else inside

    def keeps(self, letter: str) -> bool:
        return self.loops == "all" or (self.loops == "segment" and letter != "/")


_SLASH = frozenset("/")
_ONE = _Step(negated=True)
_STAR = _Step(loops="segment", skips=(1,))
_STARS = _Step(loops="all", skips=(1,))
# "**/": from the first place on to the second, where "/" ends it, or past both with nothing.
_FOLDERS = (_Step(skips=(1, 2)), _Step(chars=_SLASH, loops="all"))


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern that was read by ``glob``."""

    prefix: str
    steps: tuple[_Step, ...]

    def fits(self, text: str) -> bool:
        """Whether the pattern means the whole text."""
        if not text.startswith(self.prefix):
            return False
        places = self._closed(1)
        for letter in text[len(self.prefix) :]:
            places = self._closed(self._after(places, letter))
            if not places:
                return False
        return bool(places >> len(self.steps) & 1)

    def _after(self, places: int, letter: str) -> int:
        reached = 0
        places &= (1 << len(self.steps)) - 1
        while places:
            bit = places & -places
            places ^= bit
            step = self.steps[bit.bit_length() - 1]
            if step.takes(letter):
                reached |= bit << 1
            if step.keeps(letter):
                reached |= bit
        return reached

    def _closed(self, places: int) -> int:
        waiting = places & ((1 << len(self.steps)) - 1)
        while waiting:
            bit = waiting & -waiting
            waiting ^= bit
            for skip in self.steps[bit.bit_length() - 1].skips:
                if not places & bit << skip:
                    places |= bit << skip
                    if bit.bit_length() - 1 + skip < len(self.steps):
                        waiting |= bit << skip
        return places


@lru_cache(maxsize=512)
def glob(pattern: str) -> Glob:
    """Read a pattern. Raises ``ValueError`` with a sentence."""
    if not pattern:
        raise ValueError("is an empty pattern")
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    steps: list[_Step] = []
    prefix: list[str] = []
    position = 0
    while position < len(pattern):
        found, position = _read(pattern, position)
        if not steps and isinstance(found, str):
            prefix.append(found)
        else:
            steps += [_Step(chars=frozenset(found))] if isinstance(found, str) else found
    return Glob("".join(prefix), tuple(steps))


def _read(pattern: str, at: int) -> tuple[str | list[_Step], int]:
    letter = pattern[at]
    if letter == "*":
        if not pattern.startswith("**", at):
            return [_STAR], at + 1
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            return list(_FOLDERS), at + 3
        return [_STARS], at + 2
    if letter == "?":
        return [_ONE], at + 1
    if letter == "[":
        return _set(pattern, at)
    if letter == "\\":
        if at + 1 == len(pattern):
            raise ValueError(f"{pattern!r} ends in a backslash, which takes the next character")
        return pattern[at + 1], at + 2
    if letter in "{}":
        raise ValueError(
            f"{pattern!r}: braces are not supported: give each pattern an entry of its own (or "
            "write \\{ for a brace)"
        )
    return letter, at + 1


def _set(pattern: str, at: int) -> tuple[list[_Step], int]:
    start = at + 1
    negated = pattern[start : start + 1] in ("!", "^")
    start += negated
    # A "]" that comes first belongs to the set (POSIX 2.13.1).
    end = pattern.find("]", start + 1)
    if end < 0:
        raise ValueError(f"{pattern!r}: a '[' is not closed by a ']'")
    chars: set[str] = set()
    ranges: list[tuple[str, str]] = []
    inside = pattern[start:end]
    index = 0
    while index < len(inside):
        if inside[index + 1 : index + 2] == "-" and index + 2 < len(inside):
            low, high = inside[index], inside[index + 2]
            if low > high:
                raise ValueError(f"{pattern!r}: the range {low}-{high} is upside down")
            ranges.append((low, high))
            index += 3
        else:
            chars.add(inside[index])
            index += 1
    return [_Step(frozenset(chars), tuple(ranges), negated)], end + 1
