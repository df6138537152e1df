"""JSON in and out without the ``json`` package, which would import ``re`` and ``enum`` first.

``_json`` is the C part that ``json`` itself uses. Where it is missing or changed, ``json`` is used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


try:
    import _json
except ImportError:  # an interpreter without the C part
    _C: Any = None
else:
    _C = _json


class _Rules:
    """What ``make_scanner`` asks of a decoder: the same answers as ``json.JSONDecoder()`` gives."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def loads(data: bytes) -> Any:
    """Read one JSON text in UTF-8. Raises ValueError when it is none."""
    text = data.decode("utf-8").strip(" \t\r\n")
    if _C is not None:
        try:
            scan = _C.make_scanner(_Rules())
        except (AttributeError, TypeError):  # a later interpreter asks for more
            scan = None
        if scan is not None:
            return _scan(scan, text)
    import json

    return json.loads(text)


def _scan(scan: Any, text: str) -> Any:
    try:
        value, end = scan(text, 0)
    except StopIteration:
        raise ValueError("this is not JSON") from None
    if end != len(text):
        raise ValueError("there is more after the JSON text")
    return value


def dumps(value: object) -> bytes:
    """Write JSON for None, booleans, numbers, strings, lists, tuples and dictionaries of them."""
    if _C is None:
        import json

        return json.dumps(value).encode("ascii")
    return _text(value).encode("ascii")


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(_C.encode_basestring_ascii(value))
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(str(k))}:{_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_text, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no JSON form")
