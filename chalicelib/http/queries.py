"""Query parameters, headers and path parts into values, or a sentence that says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain import spec
from chalicelib.domain.build import JOB_KEYS
from chalicelib.domain.ids import is_id
from chalicelib.domain.job import State
from chalicelib.domain.spec import PROJECT_NAME, SECRET_NAME
from chalicelib.domain.verdict import Verdict
from chalicelib.http.errors import ApiError
from chalicelib.ports import JobFilter
from chalicelib.usecases.errors import UnknownJob

if TYPE_CHECKING:
    from chalicelib.usecases.read_log import Links

MAX_PAGE = 100
DEFAULT_PAGE = 20
DEFAULT_LOG_BYTES = 64 << 10
MAX_LOG_BYTES = 4 << 20
"""More may not be asked for; on AWS less is given (``ports.LogStore.largest_read``)."""

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


def registry_credentials_name(text: str) -> str:
    try:
        return spec.registry_credentials_name(text)
    except ValueError as trouble:
        raise ApiError(400, "invalid", str(trouble), "name") from None


def idempotency_key(text: str | None) -> str | None:
    if text is not None and not _IDEMPOTENCY_KEY.match(text):
        raise ApiError(
            400,
            "invalid",
            "Idempotency-Key must have 1 to 200 visible ASCII characters",
            "Idempotency-Key",
        )
    if text is not None and text.startswith(JOB_KEYS):
        # A build's job that was submitted by somebody else first would be taken for the build's.
        raise ApiError(
            400,
            "invalid",
            f"Idempotency-Key may not begin with {JOB_KEYS}: those are of builds' jobs",
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


def yes_or_no(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = query.get(name)
    if text not in (None, "yes", "no"):
        raise ApiError(400, "invalid", f"{name} must be yes or no", name)
    return default if text is None else text == "yes"


def moment(query: Mapping[str, str], name: str) -> datetime:
    """A time with a zone, which must be given."""
    try:
        found = datetime.fromisoformat(query[name])
    except (KeyError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        sentence = f"{name} must be a time with a zone, such as 2026-01-31T12:00:00Z"
        raise ApiError(400, "invalid", sentence, name)
    return found


def log_place(query: Mapping[str, str]) -> tuple[int | None, int]:
    """Which attempt's log, None for the current one's, and from which byte on."""
    attempt = whole_number(query, "attempt", 0, least=1, most=999_999) or None
    return attempt, whole_number(query, "offset", 0, least=0, most=1 << 50)


def log_limit(query: Mapping[str, str]) -> int:
    return whole_number(query, "limit", DEFAULT_LOG_BYTES, least=1, most=MAX_LOG_BYTES)


def links(query: Mapping[str, str]) -> Links:
    """What the reader of a log can do with links."""
    from chalicelib.usecases.read_log import Links

    return _one_of(query, "link", Links) or Links.NONE


def _one_of(query: Mapping[str, str], name: str, kind: type[E]) -> E | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError:
        words = ", ".join(str(member.value) for member in kind)
        raise ApiError(400, "invalid", f"{name} must be one of {words}", name) from None
