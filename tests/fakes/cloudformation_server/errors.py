"""Refusals as CloudFormation answers them."""

from __future__ import annotations


class CloudFormationError(Exception):
    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> CloudFormationError:
    return CloudFormationError("ValidationError", message)
