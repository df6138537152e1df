"""Regular expressions of ``branches``, matched in time linear in the name.

Anybody who opens a pull request writes them, so no backtracking: the parts that branch names need
are parsed here and run as a set of states. What is not among them is refused in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.repofile.travis.regex_parser import (
    Alternatives,
    Anchor,
    Character,
    Part,
    Repeat,
    Sequence,
    parse,
)

MAX_STATES = 2000


@dataclass(slots=True)
class _State:
    """Takes a character, checks the place, or goes on to several states; ``next`` is where to."""

    takes: Callable[[str], bool] | None = None
    anchor: str = ""
    next: tuple[int, ...] = ()


class Regex:
    """A compiled expression; ``found_in`` looks anywhere in a text, as Ruby's ``=~`` does."""

    def __init__(self, source: str, *, ignore_case: bool = False) -> None:
        """Raises ``ValueError`` with a sentence."""
        self._fold = ignore_case
        self._states: list[_State] = [_State()]  # 0: the end
        self._added = 0
        self._start = self._add(parse(source), 0)

    def found_in(self, text: str) -> bool:
        current: set[int] = set()
        for position in range(len(text) + 1):
            current = self._closed(current | {self._start}, text, position)
            if 0 in current:
                return True
            if position < len(text):
                current = self._after(current, text[position])
        return False

    def _after(self, current: set[int], letter: str) -> set[int]:
        reached: set[int] = set()
        letters = {letter, letter.lower(), letter.upper()} if self._fold else {letter}
        for index in current:
            state = self._states[index]
            if state.takes is not None and any(map(state.takes, letters)):
                reached.update(state.next)
        return reached

    def _closed(self, current: set[int], text: str, position: int) -> set[int]:
        reached: set[int] = set()
        waiting = list(current)
        while waiting:
            index = waiting.pop()
            if index in reached:
                continue
            reached.add(index)
            state = self._states[index]
            if state.takes is None and (not state.anchor or _at(state.anchor, text, position)):
                waiting.extend(state.next)
        return reached

    def _add(self, part: Part, after: int) -> int:
        """States for a part that goes on to ``after``; where it begins."""
        self._added += 1
        if self._added > MAX_STATES:
            raise ValueError("is too long when its repetitions are written out")
        if isinstance(part, Character):
            return self._new(_State(takes=part.takes, next=(after,)))
        if isinstance(part, Anchor):
            return self._new(_State(anchor=part.kind, next=(after,)))
        if isinstance(part, Sequence):
            for inner in reversed(part.parts):
                after = self._add(inner, after)
            return after
        if isinstance(part, Alternatives):
            starts = tuple(self._add(inner, after) for inner in part.parts)
            return self._new(_State(next=starts))
        return self._add_repeat(part, after)

    def _add_repeat(self, part: Repeat, after: int) -> int:
        start = after
        if part.most is None:
            loop = self._new(_State())
            body = self._add(part.part, loop)
            self._states[loop].next = (body, after)
            start = loop
        else:
            for _ in range(part.most - part.least):
                start = self._new(_State(next=(self._add(part.part, start), after)))
        for _ in range(part.least):
            start = self._add(part.part, start)
        return start

    def _new(self, state: _State) -> int:
        self._states.append(state)
        return len(self._states) - 1


def _at(anchor: str, text: str, position: int) -> bool:
    if anchor == "start":
        return position == 0
    if anchor == "end":
        return position == len(text)
    before = position > 0 and _of_word(text[position - 1])
    after = position < len(text) and _of_word(text[position])
    return (before != after) == (anchor == "boundary")


def _of_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
