"""Ids that sort by time: 48 bits of milliseconds and 80 random bits, as 26 characters.

The layout is ULID's (https://github.com/ulid/spec), written in lower case. The time and the random
bytes are arguments: nothing here reads a clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
RANDOM_BYTES = 10

_TIME_LENGTH = 10
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(now: datetime, random_bytes: bytes) -> str:
    """An id made at ``now`` (aware) with exactly 10 random bytes.

    Ids of later milliseconds sort after ids of earlier ones. Raises ``ValueError`` for a time
    without a zone, before 1970 or beyond 48 bits, and for another number of random bytes.
    """
    if now.tzinfo is None:
        raise ValueError("an id needs a time with a time zone")
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"an id needs {RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    milliseconds = (now - _EPOCH) // _MILLISECOND
    if not 0 <= milliseconds < 1 << 48:
        raise ValueError(f"no id can hold the time {now.isoformat()}")
    number = milliseconds << 80 | int.from_bytes(random_bytes, "big")
    letters = [ALPHABET[number >> shift & 31] for shift in range(125, -1, -5)]
    return "".join(letters)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id, in the one spelling that ``new_id`` makes."""
    # 26 letters hold 130 bits, an id has 128: the first letter is at most 7.
    return len(text) == LENGTH and text[0] in "01234567" and all(c in _VALUES for c in text)


def time_of(job_id: str) -> datetime:
    """When the id was made, to the millisecond, in UTC. Raises ``ValueError`` if it is no id."""
    if not is_id(job_id):
        raise ValueError(f"{job_id!r} is not an id: {LENGTH} digits and lower-case letters")
    milliseconds = 0
    for letter in job_id[:_TIME_LENGTH]:
        milliseconds = milliseconds << 5 | _VALUES[letter]
    return _EPOCH + milliseconds * _MILLISECOND
