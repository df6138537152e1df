"""What a phase runs: a list of commands, or a script of its own as a block of text.

A block is a file, run exactly as it is written. A list becomes a shell script that shows each
entry, runs it in the same shell, and stops at the first one that fails. Nothing is slipped in: no
``-e``, no ``pipefail``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.quoting import quoted
from chalicelib.repofile.values import kind_of

MAX_ENTRIES = 500
SHELLS = frozenset(("ash", "bash", "busybox", "dash", "ksh", "mksh", "sh", "yash", "zsh"))
"""Programs that can run a list; anything else can run blocks alone."""

_MATRIX = "${{"

# "$?" comes first: everything else would change it. One function call before each entry, so that
# "set -x" shows little of it, and no "||" around an entry, as that would switch a user's own
# "set -e" off inside of it.
_HEAD = """\
_towline_next() {
    _towline_status=$?
    if [ "$_towline_status" -ne 0 ]; then exit "$_towline_status"; fi
    printf '%s\\n' "$1"
}
"""


@dataclass(frozen=True, slots=True)
class Commands:
    """Exactly one of the two is there."""

    entries: tuple[str, ...] = ()
    block: str = ""

    @property
    def is_list(self) -> bool:
        return bool(self.entries)

    def as_script(self) -> str:
        """The text of the file that is run."""
        return list_script(self.entries) if self.entries else self.block


def list_script(entries: tuple[str, ...]) -> str:
    """A shell script for a list; portable to every POSIX shell.

    Each entry is given to ``eval``: whatever is unfinished in it (a quote, a backslash at its end,
    a here-document) stays in it. All run in one shell, so variables, directory, options and traps
    carry over from one to the next.
    """
    lines = [
        f"_towline_next {quoted(shown(entry))}\neval {quoted(_line(entry))}\n" for entry in entries
    ]
    return _HEAD + "".join(lines)


def _line(entry: str) -> str:
    return entry.rstrip("\n") + "\n"


def shown(entry: str) -> str:
    """An entry as the log shows it before it runs."""
    return "$ " + entry.strip("\n").replace("\n", "\n> ")


def read_commands(value: object) -> Commands:
    """Raises ``ValueError`` in words, ``Misplaced`` for an entry."""
    if isinstance(value, Word):
        _no_matrix((), value)
        if not value.strip():
            raise ValueError("is empty: give commands, or leave the key out")
        return Commands(block=value if value.endswith("\n") else f"{value}\n")
    if not isinstance(value, tuple):
        raise ValueError(
            f"must be a list of commands or a block of text (with '|'), not {kind_of(value)}"
        )
    if not value:
        raise ValueError("is empty: give commands, or leave the key out")
    if len(value) > MAX_ENTRIES:
        raise ValueError(f"more than {MAX_ENTRIES} entries: put them into a script of their own")
    return Commands(tuple(_entry(index, item) for index, item in enumerate(value)))


def _entry(index: int, item: object) -> str:
    if isinstance(item, dict):
        raise Misplaced(
            (index,),
            "': ' makes a mapping of this entry: quote the whole command, or write it as a block "
            "with '- |'",
        )
    if not isinstance(item, Word):
        raise Misplaced((index,), f"must be a command, not {kind_of(item)}")
    if not item.strip():
        raise Misplaced((index,), "is an empty command")
    _no_matrix((index,), item)
    return str(item)


def _no_matrix(path: tuple[int, ...], given: str) -> None:
    if _MATRIX in given:
        raise Misplaced(
            path,
            "${{ … }} is not replaced in scripts, as a value could change what they mean: a value "
            "of the matrix is in the variable $MATRIX_NAME",
        )


_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
    ]
}
CommandsField = Annotated[Commands, PlainValidator(read_commands), WithJsonSchema(_SCHEMA)]
