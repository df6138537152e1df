"""What ``towline run`` says at the end: the verdict, how long it took, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline.cli.terminal import VERDICT_COLOURS, Terminal


def verdict_lines(job: Mapping[str, Any], seconds: float, terminal: Terminal) -> list[str]:
    """One line for a script's own verdict, two for what needs an explanation."""
    from chalicelib.domain.quantities import format_duration

    verdict = job["verdict"]
    word = terminal.paint(verdict.replace("_", " "), VERDICT_COLOURS.get(verdict, "bold"))
    lines = [f"{word} after {format_duration(seconds)}{_status(job)}"]
    if verdict == "errored":
        lines[0] += f": {job['cause']}"
    if job.get("detail") and verdict != "passed":
        lines.append(_sentence(job["detail"]))
    if verdict == "errored":
        lines.append(_advice(job["cause"]))
    lines += _about_the_log(job)
    return lines


def _status(job: Mapping[str, Any]) -> str:
    if job["verdict"] != "failed":
        return ""
    if job.get("signal"):
        return f", killed by signal {job['signal']}"
    return f", exit status {job.get('exit_code')}"


def _advice(cause: str) -> str:
    from chalicelib.domain.advice import BY_CAUSE
    from chalicelib.domain.verdict import Cause

    return BY_CAUSE.get(Cause(cause), "Run the job again.")


def _about_the_log(job: Mapping[str, Any]) -> list[str]:
    """What the runner says is missing from the log; nothing when it is whole."""
    report = job["attempts"][-1].get("report") if job["attempts"] else None
    log = (report or {}).get("log") or {}
    lines = []
    if log.get("omitted_bytes"):
        lines.append(f"The log was cut: {log['omitted_bytes']} bytes in its middle are left out.")
    if log.get("dropped_bytes"):
        lines.append(f"The log lacks {log['dropped_bytes']} bytes that could not be sent.")
    if log.get("drained") is False:
        lines.append("The log may lack its end: a process that was left over held it open.")
    return lines


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
