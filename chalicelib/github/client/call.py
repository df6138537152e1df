"""What is asked of GitHub, and what it answered: understood, or an error that says what it said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gidgethub import GitHubException, sansio

from chalicelib.github.client.errors import Misunderstood, NotAllowed, NotFound, Refused
from chalicelib.github.client.transport import Response

JSON_FORM = sansio.accept_format()
RAW_FORM = sansio.accept_format(media="raw")
MOST_BYTES = 8 << 20
_MESSAGE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. ``path`` is a template (RFC 6570), so no value can change the path's form."""

    method: str
    path: str
    values: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    accept: str = JSON_FORM
    repeatable: bool = True
    """Whether a second time does no harm when nobody knows if the first was carried out."""
    most: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` is parsed JSON, or bytes for a raw answer. ``next_url``: the next page's.

    ``headers`` by lower-case name.
    """

    data: Any = field(repr=False)
    next_url: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def message_of(response: Response) -> str:
    """What GitHub says of an error: one line, cut short."""
    if response.status < 400:
        return ""
    try:
        said = json.loads(response.body).get("message", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return " ".join(str(said).split())[:_MESSAGE_LENGTH]


def understand(response: Response, call: Call) -> Answer:
    if call.accept == RAW_FORM and response.status == 200:
        if "raw" not in response.headers.get("content-type", ""):
            raise Misunderstood("what is there is not a file")
        return Answer(response.body)
    try:
        data, _, following = sansio.decipher_response(
            response.status, response.headers, response.body
        )
    except GitHubException as refused:
        raise _refused(response, str(refused)) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        if response.status >= 400:
            raise _refused(response, "") from None
        raise Misunderstood("GitHub's answer can't be read") from None
    return Answer(data, following, response.headers)


def _refused(response: Response, text: str) -> Refused:
    status = response.status
    said = " ".join(text.split())[:_MESSAGE_LENGTH] or message_of(response) or "no reason given"
    message = f"GitHub refused with status {status}: {said}"
    if status in (404, 410):
        return NotFound(message, status=status)
    if status in (401, 403):
        return NotAllowed(message, status=status)
    return Refused(message, status=status)
