"""Trouble on command: what the next requests of an operation meet instead of success."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from tests.fakes.ecs_server.errors import EcsError


@dataclass(frozen=True)
class Refuse:
    """Answer with an error; nothing was done."""

    error: EcsError


@dataclass(frozen=True)
class LoseAnswer:
    """Do it, then close the connection without an answer."""


@dataclass(frozen=True)
class StartNothing:
    """RunTask's answer with HTTP status 200 and no task; no failures at all is possible."""

    failures: tuple[dict[str, Any], ...] = ()


Fault = Refuse | LoseAnswer | StartNothing


class Faults:
    """Faults wait by operation, first in, first out. A request takes at most one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)

    def refuse(self, operation: str, code: str, message: str, *, times: int = 1) -> None:
        self._add(operation, Refuse(EcsError(code, message)), times)

    def throttle(self, operation: str, *, times: int = 1) -> None:
        """As ECS words it when a bucket is empty."""
        self._add(operation, Refuse(EcsError("ThrottlingException", "Rate exceeded")), times)

    def break_down(self, operation: str, *, times: int = 1) -> None:
        error = EcsError("ServerException", "Service Unavailable. Please try again.", status=500)
        self._add(operation, Refuse(error), times)

    def lose_answer(self, operation: str, *, times: int = 1) -> None:
        self._add(operation, LoseAnswer(), times)

    def start_nothing(self, *reasons: str, detail: str = "", times: int = 1) -> None:
        """RunTask answers ``failures[]`` with these reasons; without any, an empty answer."""
        failures = tuple(
            {"reason": reason} | ({"detail": detail} if detail else {}) for reason in reasons
        )
        self._add("RunTask", StartNothing(failures), times)

    def take(self, operation: str) -> Fault | None:
        with self._lock:
            waiting = self._waiting[operation]
            return waiting.popleft() if waiting else None

    def _add(self, operation: str, fault: Fault, times: int) -> None:
        with self._lock:
            self._waiting[operation].extend([fault] * times)
