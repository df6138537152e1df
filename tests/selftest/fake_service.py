"""A service whose jobs go through states that a test has laid down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from towline.client.errors import Refused
from towline.client.service import LogPage

CLAIMED = "2030-01-01T00:00:00.000000Z"
FINISHED = "2030-01-01T00:00:02.500000Z"
EVIDENCE = {
    "claimed_at": CLAIMED,
    "report": {"started_at": CLAIMED, "ended_at": CLAIMED},
    "stop": {"exit_code": 0},
}


def finished(verdict: str = "passed", **fields: Any) -> dict[str, Any]:
    """A finished job as the service shows it, with both witnesses."""
    job = {
        "state": "finished",
        "verdict": verdict,
        "exit_code": 0 if verdict == "passed" else None,
        "signal": None,
        "cause": None,
        "detail": "",
        "finished_at": FINISHED,
        "attempts": [EVIDENCE],
    }
    return {**job, **fields}


def waiting(state: str) -> dict[str, Any]:
    """A job that is not finished."""
    return {"state": state, "attempts": []}


@dataclass
class FakeService:
    """Shows the next of ``states`` at each look, the last one for ever."""

    states: list[dict[str, Any]]
    log_text: bytes = b""
    page: int = 4
    gap: int = 0
    after_cancel: dict[str, Any] | None = None
    refuses_cancel: bool = False
    events: list[str] = field(default_factory=list)
    now: float = 0.0
    """The clock that the executor is given; each pause moves it on."""

    def job(self, job_id: str) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        self.events.append(f"{state['state']} at {self.now:g}")
        return state

    def cancel(self, job_id: str) -> dict[str, Any]:
        self.events.append(f"cancel at {self.now:g}")
        if self.refuses_cancel:
            raise Refused(409, "already_finished", "the job is over", None)
        if self.after_cancel is not None:
            self.states = [self.after_cancel]
        return {}

    def log(self, job_id: str, offset: int, attempt: int | None = None) -> LogPage:
        data = self.log_text[offset : offset + self.page]
        end = offset + len(data)
        gap = self.gap if offset == 0 else 0
        return LogPage(1, offset, data, end, gap, complete=end >= len(self.log_text))

    def log_pages(self, job_id: str, offset: int, attempt: int | None = None) -> Iterator[LogPage]:
        yield self.log(job_id, offset, attempt)

    def clock(self) -> float:
        return self.now

    def pause(self, timeout_s: float) -> None:
        self.now += timeout_s
