"""AWS's query protocol: form fields in, XML out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


def fields_of(body: bytes) -> dict[str, Any]:
    """``Tags.member.1.Key=a`` and the like as nested values; lists by ``member.N``."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        *path, last = name.split(".")
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def answer(operation: str, result: Mapping[str, Any]) -> bytes:
    inner = "".join(_element(name, value) for name, value in result.items())
    return (
        f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{inner}'
        f"</{operation}Result><ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata>"
        f"</{operation}Response>"
    ).encode()


def refusal(code: str, message: str) -> bytes:
    return (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>fake</RequestId></ErrorResponse>"
    ).encode()


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"} and isinstance(value["member"], dict):
        numbered = sorted(value["member"].items(), key=lambda item: int(item[0]))
        return [_listed(item) for _, item in numbered]
    return {name: _listed(inner) for name, inner in value.items()}


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        inner = "".join(_element(key, item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        inner = "".join(_element("member", item) for item in value)
    elif isinstance(value, datetime):
        inner = value.isoformat()
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"
