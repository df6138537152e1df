"""How long GitHub wants to be left alone, read from an answer. Pure.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api (Handle
rate limit errors appropriately): ``Retry-After`` when there is one, else ``X-RateLimit-Reset`` when
nothing remains, else a minute. 403 and 429 are used alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SECONDARY_S = 60.0
"""After a secondary limit that names no time."""
BROKEN_S = 30.0
"""After an error of GitHub's own that names no time."""
LONGEST_S = 2 * 3600.0
"""Limits are for an hour at most. What a broken header asks for beyond this is not believed."""

_LIMITED = ("rate limit", "abuse", "too many requests")


@dataclass(frozen=True, slots=True)
class Wait:
    """``told``: GitHub named the time; otherwise it is ours. ``limited``: it was about us."""

    seconds: float
    why: str
    told: bool
    limited: bool


def wait_of(status: int, headers: Mapping[str, str], message: str, now: datetime) -> Wait | None:
    """How long to wait before anything is sent again; None when waiting would change nothing.

    ``headers`` by lower-case name; ``message`` is GitHub's own of the error.
    """
    after = _retry_after(headers, now)
    if status >= 500 or status == 408:
        why = f"GitHub answered with status {status}"
        return Wait(BROKEN_S if after is None else after, why, after is not None, limited=False)
    if status not in (403, 429):
        return None
    if after is not None:
        return Wait(after, "GitHub limits the requests of this token", told=True, limited=True)
    if headers.get("x-ratelimit-remaining", "").strip() == "0":
        reset = _reset(headers, now)
        why = "this token's requests are used up for now"
        return Wait(SECONDARY_S if reset is None else reset, why, reset is not None, limited=True)
    if status == 429 or any(word in message.lower() for word in _LIMITED):
        why = "GitHub limits the requests of this token"
        return Wait(SECONDARY_S, why, told=False, limited=True)
    return None


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds, or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _bounded((moment - now).total_seconds())


def _reset(headers: Mapping[str, str], now: datetime) -> float | None:
    epoch = _number(headers.get("x-ratelimit-reset", ""), most=math.inf)
    # One second more: the header is in whole seconds.
    return None if epoch is None else _bounded(epoch - now.timestamp() + 1)


def _number(text: str, *, most: float = LONGEST_S) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else max(0.0, min(value, most))


def _bounded(seconds: float) -> float:
    return max(0.0, min(seconds, LONGEST_S))
