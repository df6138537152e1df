"""Jobs as people read them: one line in a list, one screen by itself, one sentence at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from towline.cli.terminal import VERDICT_COLOURS, Terminal

Rendered = Mapping[str, Any]
COLUMNS = ("ID", "STATE", "TOOK", "CREATED", "PROJECT", "NAME")


def table(jobs: Sequence[Rendered], now: datetime, terminal: Terminal) -> list[str]:
    """A header and a line for each job."""
    rows = [
        (
            job["id"],
            state_word(job),
            took(job, now),
            f"{span((now - when(job['created_at'])).total_seconds())} ago",
            job.get("project", ""),
            job.get("name", "") or (job.get("image") or ""),
        )
        for job in jobs
    ]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = [terminal.paint(_row(COLUMNS, widths), "bold")]
    for job, row in zip(jobs, rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[1] = terminal.paint(cells[1], VERDICT_COLOURS.get(job.get("verdict") or "", "grey"))
        lines.append("  ".join(cells).rstrip())
    return lines


def state_word(job: Rendered) -> str:
    """``passed``, ``failed (3)``, ``errored (image_missing)`` or the state when it is not over."""
    verdict = job.get("verdict")
    if not verdict:
        return str(job["state"])
    if verdict == "failed":
        signal = job.get("signal")
        return f"failed (signal {signal})" if signal else f"failed ({job.get('exit_code')})"
    return f"{verdict} ({job['cause']})" if verdict == "errored" else str(verdict)


def took(job: Rendered, now: datetime) -> str:
    """From its creation to its end, or until now."""
    end = when(job["finished_at"]) if job.get("finished_at") else now
    return span((end - when(job["created_at"])).total_seconds())


def span(seconds: float) -> str:
    """A length of time, coarse enough for a list: ``0.4s``, ``12s``, ``3m5s``, ``2h10m``."""
    from chalicelib.domain.quantities import format_duration

    seconds = max(0.0, seconds)
    if seconds < 10:
        return format_duration(round(seconds, 1))
    step = 1 if seconds < 3600 else 60 if seconds < 2 * 86400 else 86400
    return format_duration(round(seconds / step) * step)


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def now_utc() -> datetime:
    return datetime.now(UTC)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()
