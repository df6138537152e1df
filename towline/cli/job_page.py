"""One job on one screen: what it is, how it stands, and in plain words why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline.cli.jobs_view import now_utc, state_word, took
from towline.cli.terminal import VERDICT_COLOURS, Terminal


def page(job: Mapping[str, Any], terminal: Terminal) -> list[str]:
    """Facts in columns, then the service's own explanation in sentences."""
    colour = VERDICT_COLOURS.get(job.get("verdict") or "", "grey")
    facts = {
        "job": terminal.paint(job["id"], "bold"),
        "verdict" if job.get("verdict") else "state": terminal.paint(state_word(job), colour),
        "waits": _slot(job),
        "name": job.get("name"),
        "project": job.get("project"),
        "image": job.get("image") or "the runner's own",
        "created": job.get("created_at"),
        "took": took(job, now_utc()),
        "cost": _cost(job.get("cost_usd")),
        "submitted by": job.get("submitted_by"),
        "rerun of": job.get("rerun_of"),
    }
    width = max(map(len, facts))
    lines = [f"{name.ljust(width)}  {value}" for name, value in facts.items() if value]
    for attempt in job["attempts"]:
        lines += ["", *_attempt(attempt, terminal)]
    return [*lines, "", *job["explanation"]]


def _slot(job: Mapping[str, Any]) -> str | None:
    slots = job.get("slots")
    if not slots:
        return None
    running = f"runs {slots['taken']} of {slots['limit']}"
    return f"for a slot: project {job['project']} {running}"


def _cost(usd: float | None) -> str | None:
    from towline.cli.costs import dollars

    return None if usd is None else f"{dollars(usd)}, Fargate's part at list prices"


def _attempt(attempt: Mapping[str, Any], terminal: Terminal) -> list[str]:
    from chalicelib.domain.quantities import format_duration, format_size

    phases = {
        name.removesuffix("_s"): seconds
        for name, seconds in attempt["durations"].items()
        if seconds is not None
    }
    times = ", ".join(f"{name} {format_duration(seconds)}" for name, seconds in phases.items())
    lines = [f"{terminal.paint('attempt ' + str(attempt['number']), 'bold')}  {times}".rstrip()]
    report = attempt.get("report") or {}
    if report:
        peak = format_size(1024 * int(report.get("job_peak_kib") or 0))
        log = format_size(int((report.get("log") or {}).get("bytes") or 0))
        lines.append(f"  log {log}, memory at most {peak}")
    if attempt.get("release"):
        lines.append(f"  runner {attempt['release']}")
    return lines
