"""What a request that is refused is answered: a code for programs, a sentence for people."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is not a result. ``field`` is where in the request the trouble is."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field

    def body(self) -> dict[str, Any]:
        return error_body(self.code, self.message, self.field)


def error_body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The one shape of every error: ``{"error": {"code", "message", "field"}}``."""
    return {"error": {"code": code, "message": message, "field": field}}


def unknown_route(method: str, path: str) -> ApiError:
    """For servers in front of the app, which match routes themselves: a 404."""
    return ApiError(404, "unknown_route", f"there is nothing at {method} {path}")


def from_chalice(status: int, body: Any) -> ApiError | None:
    """What Chalice refused by itself, in our shape and words; None when the answer is ours."""
    if not isinstance(body, dict) or set(body) != {"Code", "Message"}:
        return None
    if status == 405:
        return ApiError(405, "method_not_allowed", "this address does not take that method")
    if status == 415:
        return ApiError(
            415, "wrong_content_type", "the body must be JSON: send Content-Type application/json"
        )
    if status < 500:
        return ApiError(status, "bad_request", str(body["Message"]))
    return ApiError(500, "internal", "the service failed at this request; its log says why")
