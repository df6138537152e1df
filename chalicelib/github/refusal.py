"""Why a delivery is not taken, as a value: what to answer, in words for GitHub's delivery page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """For metrics and logs: few and fixed."""

    TOO_LARGE = "too_large"
    NOT_SIGNED = "not_signed"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    WRONG_HEADERS = "wrong_headers"
    NOT_JSON = "not_json"
    UNEXPECTED = "unexpected_payload"


STATUS = {
    Reason.TOO_LARGE: 413,
    Reason.NOT_SIGNED: 401,
    Reason.WRONG_CONTENT_TYPE: 415,
    Reason.WRONG_HEADERS: 400,
    Reason.NOT_JSON: 400,
    Reason.UNEXPECTED: 422,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """``message`` is a sentence that quotes nothing secret and nothing long."""

    reason: Reason
    message: str

    @property
    def status(self) -> int:
        """The HTTP status to answer with."""
        return STATUS[self.reason]
