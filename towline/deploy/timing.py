"""Time as an argument: what the deployment asks of the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock, and how to wait. Tests wait for nothing."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    poll_s: float = 3.0
    """Between two looks at a stack: DescribeStacks and DescribeStackEvents are throttled early."""
    quiet_s: float = 30.0
    """After so long without news the command says what it is still waiting for."""
