"""A request's JSON into a model, and what is wrong with it into a sentence that names the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chalicelib.http.errors import ApiError

M = TypeVar("M", bound=BaseModel)

_PLAIN = {
    "missing": "is missing",
    "string_type": "must be a text",
    "string_unicode": "must be a text in valid Unicode",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "datetime_type": "must be a time such as 2026-01-31T12:00:00Z",
    "datetime_parsing": "must be a time such as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": "must be a time such as 2026-01-31T12:00:00Z",
    "timezone_aware": "must be a time with a zone, such as 2026-01-31T12:00:00Z",
    "string_pattern_mismatch": "does not have the form that it must have",
}
_WITH_LIMIT = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "string_too_long": ("max_length", "must have at most {} characters"),
    "string_too_short": ("min_length", "must have at least {} characters"),
    "too_long": ("max_length", "must have at most {} entries"),
    "too_short": ("min_length", "must have at least {} entries"),
    "literal_error": ("expected", "must be {}"),
    "enum": ("expected", "must be {}"),
}


def parse(model: type[M], raw: bytes) -> M:
    """The body as the model. Raises ``ApiError`` 400 about the first thing that is wrong."""
    if not raw.strip():
        raise ApiError(400, "empty_body", "the request has no body: send a JSON object")
    try:
        return model.model_validate_json(raw)
    except ValidationError as trouble:
        errors = trouble.errors(include_url=False, include_input=False)
        raise _in_words(errors, model) from None


def _in_words(errors: Sequence[Any], model: type[BaseModel]) -> ApiError:
    first = errors[0]
    kind, context = first["type"], first.get("ctx", {})
    if kind == "json_invalid":
        return ApiError(400, "invalid_json", f"the body is not JSON: {context.get('error', '')}")
    field = _path(first["loc"])
    subject = field or "the body"
    if kind == "extra_forbidden":
        return ApiError(400, "unknown_field", _unknown_field(field, first["loc"], model), field)
    sentence = _sentence(kind, context)
    if kind == "value_error":
        # Our own validators speak in sentences that name what they are about.
        sentence = str(context.get("error", "is not valid"))
        return ApiError(400, "invalid", f"{field}: {sentence}" if field else sentence, field)
    code = "missing_field" if kind == "missing" else "invalid"
    return ApiError(400, code, f"{subject} {sentence}", field)


def _sentence(kind: str, context: dict[str, Any]) -> str:
    if kind in _WITH_LIMIT:
        name, words = _WITH_LIMIT[kind]
        return words.format(_number(context.get(name)))
    return _PLAIN.get(kind, "is not what can be given here")


def _number(limit: Any) -> str:
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _path(loc: Sequence[str | int]) -> str | None:
    """``("spec", "env", "A", 0)`` as ``spec.env.A[0]``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or None


def _unknown_field(field: str | None, loc: Sequence[str | int], model: type[BaseModel]) -> str:
    known: list[str] = sorted(model.model_fields)
    inside: Any = model
    for part in loc[:-1]:
        described = inside.model_fields.get(part) if isinstance(part, str) else None
        inside = described.annotation if described else None
        if not (isinstance(inside, type) and issubclass(inside, BaseModel)):
            return f"{field} is not a field that is known here"
        known = sorted(inside.model_fields)
    import difflib

    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"{field} is not a field that is known here: {hint}"
