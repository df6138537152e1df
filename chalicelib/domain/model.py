"""The base of every value that is stored or sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer


class Value(BaseModel):
    """A frozen value that refuses unknown fields: a misspelt option is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Stored(BaseModel):
    """A frozen value that is read back from the table.

    Unknown fields are ignored: during an upgrade an older Lambda reads what a newer one wrote.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


def stamp(moment: datetime) -> str:
    """A time as it is stored: ISO 8601 in UTC, always with microseconds, so that text sorts.

    Raises ``ValueError`` for a time without a zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time that is stored needs a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Timestamp = Annotated[AwareDatetime, PlainSerializer(stamp, when_used="json")]
"""A time with a zone; in JSON as ``stamp`` writes it."""
