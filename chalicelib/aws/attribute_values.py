"""JSON-like values to DynamoDB's attribute values and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.model import stamp


def encode(value: Any) -> dict[str, Any]:
    """One value as DynamoDB wants it. None inside a mapping is left out; elsewhere it is NULL.

    Raises ``TypeError`` for what JSON can't say.
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, float):
        return {"N": repr(value)}
    if isinstance(value, datetime):
        return {"S": stamp(value)}
    if isinstance(value, Mapping):
        return {"M": encode_item(value)}
    if isinstance(value, list | tuple):
        return {"L": [encode(item) for item in value]}
    raise TypeError(f"a {type(value).__name__} can't be stored in the table")


def encode_item(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping's fields; those that are None are left out."""
    return {str(name): encode(value) for name, value in fields.items() if value is not None}


def decode(attribute: Mapping[str, Any]) -> Any:
    """The value that an attribute value stands for; whole numbers come back as ``int``."""
    kind, value = next(iter(attribute.items()))
    if kind == "N":
        number = str(value)
        return float(number) if any(sign in number for sign in ".eE") else int(number)
    if kind == "M":
        return decode_item(value)
    if kind == "L":
        return [decode(item) for item in value]
    if kind == "NULL":
        return None
    if kind in ("S", "BOOL"):
        return value
    raise TypeError(f"the table holds an attribute of a kind this service never writes: {kind}")


def decode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item's attributes as plain values."""
    return {name: decode(attribute) for name, attribute in item.items()}
