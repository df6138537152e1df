"""Which items end by themselves, and when: the table's time to live.

DynamoDB deletes an item within a few days of its time, so readers must not see one that is over:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

EXPIRE_AT = "expire_at"
"""The attribute that the template names, in seconds since 1970. An item without one is kept."""
IDEMPOTENCY_HOURS = 24
"""How long a submit's idempotency key is remembered, counted from the first submit."""
EXPIRED_TOKEN_DAYS = 7
"""How long a bearer token that has expired is still listed, so that its owner can see why."""


def in_seconds(moment: datetime) -> int:
    """A time as DynamoDB reads it, rounded up: nothing ends early."""
    return -int(-moment.timestamp() // 1)


def idempotency_expiry(created_at: datetime) -> int:
    return in_seconds(created_at + timedelta(hours=IDEMPOTENCY_HOURS))


def token_expiry(expires_at: datetime | None) -> int | None:
    """None for a token that has no end: it is kept until it is revoked."""
    if expires_at is None:
        return None
    return in_seconds(expires_at + timedelta(days=EXPIRED_TOKEN_DAYS))


def job_expiry(finished_at: datetime, retention_days: int | None) -> int | None:
    """None where jobs are kept for ever. A job that is not finished never has an end. With a day
    or more a job outlives its idempotency key, which counts from before its end."""
    if retention_days is None:
        return None
    return in_seconds(finished_at + timedelta(days=retention_days))


def is_over(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether an item, as the driver gives it, has expired and only was not deleted yet."""
    value = item.get(EXPIRE_AT, {}).get("N")
    return value is not None and float(value) <= now.timestamp()
