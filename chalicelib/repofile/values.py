"""How each kind of value is read, and how the JSON Schema describes it.

Every reader takes what ``nodes.as_data`` makes (``Word``, None, tuples, dictionaries) and raises
``ValueError`` with a sentence. Numbers are checked here, in the units that people wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from chalicelib.domain.quantities import (
    format_duration,
    parse_cpu,
    parse_duration,
    parse_size_mib,
)
from chalicelib.domain.spec import MAX_TIMEOUT_S
from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced

T = TypeVar("T")

MAX_TEXT = 4000
MAX_LIST = 200

_PLACEHOLDER = {"type": "string", "pattern": r"^\$\{\{ *matrix\.[A-Za-z_][A-Za-z0-9_-]* *\}\}$"}
_SWITCHES = {"true": True, "True": True, "TRUE": True}
_SWITCHES |= {"false": False, "False": False, "FALSE": False}
_LIKE_SWITCHES = {"yes", "no", "on", "off", "y", "n", "1", "0", *map(str.lower, _SWITCHES)}


def kind_of(value: object) -> str:
    """What a value is, for a sentence."""
    if value is None or (isinstance(value, Word) and value.plain and not value):
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, tuple) else f"the text {short(str(value))}"


def short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def text(value: object) -> str:
    """A scalar as it was written."""
    if not isinstance(value, Word):
        _not("a text", value)
    if value.plain and not value:
        raise ValueError("has no value")
    if len(value) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} characters")
    return str(value)


def words(value: object) -> tuple[str, ...]:
    """One text or a list of them, each once."""
    if isinstance(value, Word):
        return (text(value),)
    if not isinstance(value, tuple):
        _not("a text or a list of texts", value)
    if len(value) > MAX_LIST:
        raise ValueError(f"more than {MAX_LIST} entries")
    found: list[str] = []
    for index, item in enumerate(value):
        word = deeper(index, text, item)
        if word in found:
            raise Misplaced((index,), f"{short(word)} is here twice")
        found.append(word)
    return tuple(found)


def switch(value: object) -> bool:
    """``true`` or ``false``, without quotes."""
    if not isinstance(value, Word):
        _not("true or false", value)
    if value.plain and value in _SWITCHES:
        return _SWITCHES[value]
    if value.lower() in _LIKE_SWITCHES:
        raise ValueError(f"write true or false, without quotes; {short(value)} is a text here")
    raise ValueError(f"must be true or false, not {kind_of(value)}")


def whole(least: int, most: int) -> Callable[[object], int]:
    """A reader of whole numbers between the two."""

    def read(value: object) -> int:
        given = text(value)
        if not given.isascii() or not given.isdigit() or len(given) > 9:
            raise ValueError(f"must be a whole number from {least} to {most}, not {short(given)}")
        if given != str(int(given)):
            raise ValueError(f"write {int(given)}: zeros in front mean octal to some readers")
        if not least <= int(given) <= most:
            raise ValueError(f"must be from {least} to {most}, not {given}")
        return int(given)

    return read


def duration(value: object) -> float:
    """Seconds, from ``30m``, ``1h30m`` or ``90`` (seconds)."""
    return _length(value, least="1s", most_s=MAX_TIMEOUT_S)


def grace(value: object) -> float:
    """Seconds between TERM and KILL; 0 kills at once."""
    return _length(value, least="", most_s=110)


def _length(value: object, *, least: str, most_s: float) -> float:
    given = text(value)
    seconds = parse_duration(given)
    if seconds > most_s or (least and seconds < parse_duration(least)):
        bounds = f"at least {least} and at most" if least else "at most"
        raise ValueError(f"must be {bounds} {format_duration(most_s)}, not {given}")
    return seconds


def cpu(value: object) -> float:
    given = parse_cpu(text(value))
    if given > 16:
        raise ValueError(f"at most 16 CPUs, not {given:g}")
    return given


def memory_mib(value: object) -> int:
    given = parse_size_mib(text(value))
    if not 32 <= given <= 122880:
        raise ValueError("must be from 32m to 120g")
    return given


def deeper(part: str | int, read: Callable[[Any], T], value: object) -> T:
    """Read a part of a value; its mistake is told at its own place."""
    return below((part,), read, value)


def below(path: Sequence[str | int], read: Callable[[Any], T], value: object) -> T:
    """``deeper``, for a part that several steps lead to."""
    try:
        return read(value)
    except Misplaced as wrong:
        raise Misplaced((*path, *wrong.path), str(wrong), at_key=wrong.at_key) from None
    except ValueError as wrong:
        raise Misplaced(path, str(wrong)) from None


def _not(wanted: str, value: object) -> NoReturn:
    raise ValueError(f"must be {wanted}, not {kind_of(value)}")


def _typed(read: Callable[[object], Any], *schemas: dict[str, Any]) -> Any:
    """For ``Annotated``: the reader, and what editors are told; a matrix's value always fits."""
    return (PlainValidator(read), WithJsonSchema({"anyOf": [*schemas, _PLACEHOLDER]}))


def one_of(read: Callable[[object], Any], *choices: Any) -> Any:
    """For ``Annotated``: a reader of one of these values."""
    return _typed(read, {"enum": list(choices)})


_STRING = {"type": ["string", "number"], "minLength": 1}
_NUMBER = {"type": "number", "minimum": 0}

Text = Annotated[str, BeforeValidator(text), WithJsonSchema(_STRING)]
Words = Annotated[
    tuple[str, ...],
    PlainValidator(words),
    WithJsonSchema({"anyOf": [_STRING, {"type": "array", "items": _STRING, "uniqueItems": True}]}),
]
_switch = _typed(switch, {"type": "boolean"})
Switch = Annotated[bool, _switch[0], _switch[1]]
_duration = _typed(duration, {"type": "string", "pattern": r"^ *[0-9.]+ *[A-Za-z0-9. ]*$"}, _NUMBER)
Duration = Annotated[float, _duration[0], _duration[1]]
Grace = Annotated[float, PlainValidator(grace), _duration[1]]
_cpu = _typed(cpu, {"type": "string", "pattern": r"^ *[0-9.]+ *m? *$"}, _NUMBER)
Cpu = Annotated[float, _cpu[0], _cpu[1]]
_memory = _typed(
    memory_mib, {"type": "string", "pattern": r"^ *[0-9.]+ *[bkmgtBKMGT][iI]?[bB]? *$"}
)
MemoryMib = Annotated[int, _memory[0], _memory[1]]
_retries = _typed(whole(0, 10), {"type": "integer", "minimum": 0, "maximum": 10})
Retries = Annotated[int, _retries[0], _retries[1]]
