"""Builds as people read them: one line in a list, one screen by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from towline.cli.jobs_view import span, took, when
from towline.cli.terminal import VERDICT_COLOURS, Terminal

Rendered = Mapping[str, Any]
COLUMNS = ("ID", "STATE", "TOOK", "CREATED", "PROJECT", "OF", "TITLE")
SHORT = 12
"""Digits of a commit."""
RESTRICTED = "none: a stranger's code has no secrets and no role"


def table(builds: Sequence[Rendered], now: datetime, terminal: Terminal) -> list[str]:
    """A header and a line for each build."""
    rows = [
        (
            build["id"],
            state_word(build),
            took(build, now),
            f"{span((now - when(build['created_at'])).total_seconds())} ago",
            build["project"],
            plain(origin(build)),
            plain(build["title"]),
        )
        for build in builds
    ]
    return _table(COLUMNS, rows, [build["state"] for build in builds], terminal)


def page(build: Rendered, now: datetime, terminal: Terminal) -> list[str]:
    """Facts in columns, what is wrong with its file, and its jobs."""
    state = terminal.paint(state_word(build), VERDICT_COLOURS.get(build["state"], "grey"))
    facts = {
        "build": terminal.paint(build["id"], "bold"),
        "state": state,
        "because": plain(build["detail"]),
        "jobs": build["summary"] if build["jobs"] else "none",
        "project": build["project"],
        "of": plain(origin(build)),
        "commit": f"{build['sha'][:SHORT]} {plain(build['title'])}".rstrip(),
        "author": plain(build["author"]) + (", from a fork" if build["from_fork"] else ""),
        "rights": RESTRICTED if build["restricted"] else "",
        "approved by": build["approved_by"],
        "file": build["file"],
        "created": build["created_at"],
        "took": took(build, now),
        "rerun of": build["rerun_of"],
    }
    width = max(len(name) for name, value in facts.items() if value)
    lines = [f"{name:{width}}  {value}" for name, value in facts.items() if value]
    for problem in build["problems"]:
        how = "" if problem["level"] == "failure" else " (ignored)"
        lines.append(f"{problem['path']}:{problem['line']}: {plain(problem['text'])}{how}")
    if build["jobs"]:
        lines += ["", *_jobs(build, terminal)]
    if build["held"]:
        lines += ["", f"look at the change, then: towline build approve {build['id']}"]
    return lines


def state_word(build: Rendered) -> str:
    """The state, or what it waits for."""
    return "held" if build["held"] and not build["finished_at"] else str(build["state"])


def origin(build: Rendered) -> str:
    """What it is a build of: a branch, a tag, a pull request, a schedule's branch."""
    if build["schedule"] is not None:
        return f"{build['branch']}, schedule {build['schedule']}"
    if build["pull_request"] is not None:
        return f"pull request {build['pull_request']}"
    return f"tag {build['tag']}" if build["tag"] is not None else str(build["branch"])


def plain(text: str) -> str:
    """What a stranger wrote, without anything that a terminal would take for a command."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _jobs(build: Rendered, terminal: Terminal) -> Iterator[str]:
    rows = [
        (
            plain(job["name"]),
            (job["verdict"] or job["state"]) + (" (allowed)" if _allowed(job) else ""),
            job["job_id"] or "",
            plain(job["detail"]) or _not_run(build, job),
        )
        for job in build["jobs"]
    ]
    colours = [job["verdict"] or "" for job in build["jobs"]]
    yield from _table(("JOB", "STATE", "ID", "WHY"), rows, colours, terminal)


def _not_run(build: Rendered, job: Rendered) -> str:
    if job["state"] != "skipped":
        return ""
    return "the build was cancelled" if build["cancelled"] else "a job it needs did not pass"


def _allowed(job: Rendered) -> bool:
    return bool(job["allow_failure"] and job["verdict"] not in (None, "passed", "cancelled"))


def _table(
    heads: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    colours: Sequence[str],
    terminal: Terminal,
) -> list[str]:
    """The second column is painted."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = []
    for place, row in enumerate([heads, *rows]):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if place:
            cells[1] = terminal.paint(cells[1], VERDICT_COLOURS.get(colours[place - 1], "grey"))
        line = "  ".join(cells).rstrip()
        lines.append(line if place else terminal.paint(line, "bold"))
    return lines
