"""Refusals as ECS answers them."""

from __future__ import annotations

from typing import Any


class EcsError(Exception):
    """``code`` and ``message`` as a client sees them; ``extra`` are the error's other fields."""

    def __init__(self, code: str, message: str, *, status: int = 400, **extra: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra


def invalid(message: str) -> EcsError:
    return EcsError("InvalidParameterException", message)


def client_error(message: str) -> EcsError:
    return EcsError("ClientException", message)
