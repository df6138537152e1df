"""Query parameters, headers and path parts into values, or a sentence that says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TypeVar

from chalicelib.domain.ids import is_id
from chalicelib.domain.job import State
from chalicelib.domain.spec import PROJECT_NAME, SECRET_NAME
from chalicelib.domain.verdict import Verdict
from chalicelib.http.errors import ApiError
from chalicelib.ports import JobFilter
from chalicelib.usecases.errors import UnknownJob

MAX_PAGE = 100
DEFAULT_PAGE = 20
DEFAULT_LOG_BYTES = 1 << 20

E = TypeVar("E", bound=Enum)

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")


def job_filter(query: Mapping[str, str]) -> JobFilter:
    """``GET /jobs``: which jobs, and which page of them."""
    only_known(query, ("project", "state", "verdict", "limit", "cursor"))
    return JobFilter(
        project=project_name(query["project"]) if "project" in query else None,
        state=_one_of(query, "state", State),
        verdict=_one_of(query, "verdict", Verdict),
        limit=whole_number(query, "limit", DEFAULT_PAGE, least=1, most=MAX_PAGE),
        cursor=query.get("cursor"),
    )


def job_id(text: str) -> str:
    """A job's id from a path. Raises ``UnknownJob`` for what can't be one."""
    if not is_id(text):
        raise UnknownJob(text[:100])
    return text


def project_name(text: str) -> str:
    if not PROJECT_NAME.match(text):
        raise ApiError(
            400,
            "invalid",
            "project: a project's name has letters, digits and . _ / - only, at most 100",
            "project",
        )
    return text


def secret_name(text: str) -> str:
    if not SECRET_NAME.match(text):
        raise ApiError(
            400,
            "invalid",
            f"{text[:100]!r} is not a secret's name: letters, digits and _ only, not a digit first",
            "name",
        )
    return text


def idempotency_key(text: str | None) -> str | None:
    if text is not None and not _IDEMPOTENCY_KEY.match(text):
        raise ApiError(
            400,
            "invalid",
            "Idempotency-Key must have 1 to 200 visible ASCII characters",
            "Idempotency-Key",
        )
    return text


def only_known(query: Mapping[str, str], known: Iterable[str]) -> None:
    """Refuse parameters that mean nothing here: a misspelt filter must not show everything."""
    names = tuple(known)
    for name in query:
        if name not in names:
            raise ApiError(
                400,
                "unknown_field",
                f"{name[:100]} is not a parameter that is known here: known are {', '.join(names)}",
                name[:100],
            )


def whole_number(
    query: Mapping[str, str], name: str, default: int, *, least: int, most: int
) -> int:
    text = query.get(name)
    if text is None:
        return default
    # Not int() alone, which takes "1_000", " 7 " and digits of other scripts.
    value = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None
    if value is None or not least <= value <= most:
        raise ApiError(
            400, "invalid", f"{name} must be a whole number from {least} to {most}", name
        )
    return value


def _one_of(query: Mapping[str, str], name: str, kind: type[E]) -> E | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError:
        words = ", ".join(str(member.value) for member in kind)
        raise ApiError(400, "invalid", f"{name} must be one of {words}", name) from None
