"""A project as people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.domain.quantities import format_size


def project_facts(project: Mapping[str, Any]) -> dict[str, str]:
    """What is set, in columns; the rest in words."""
    slots = project.get("slots")
    jobs = "any number at once"
    if project["max_jobs"] is not None:
        running = f", {slots['taken']} now" if slots else ""
        jobs = f"{project['max_jobs']} at once{running}"
    facts = {
        "project": project["name"],
        "state": "enabled" if project["enabled"] else "disabled: takes no jobs",
        "jobs": jobs,
        "image": project["image"] or "the runner's own",
        "cpu": _size(project["cpu"], project["max_cpu"], "{:g}".format),
        "memory": _size(project["memory_mib"], project["max_memory_mib"], _mib),
        "forks": project["forks"],
    }
    if project["public_badge"]:
        facts["badge"] = "for anybody to see"
    if project["checkout_token_at"] is not None:
        forks = ", also of forks" if project["fork_checkout"] else ""
        since = project["checkout_token_at"].partition("T")[0]
        facts["checkout token"] = f"since {since}, for checkouts alone{forks}"
    for name in ("repository_id", "installation_id", "token_secret"):
        if project[name] is not None:
            facts[name.replace("_", " ")] = str(project[name])
    return {**facts, **dict(_github_facts(project))}


def _size(usual: Any, most: Any, words: Callable[[Any], str]) -> str:
    first = "as usual" if usual is None else words(usual)
    return first if most is None else f"{first}, at most {words(most)}"


def _mib(value: int) -> str:
    return format_size(value << 20)


def _github_facts(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Present name, what went wrong, and schedules."""
    if project["repository"] is not None:
        yield "repository", f"{project['repository']} at present"
    if project["trouble"] is not None:
        yield "trouble", project["trouble"]["words"]
    for schedule in project.get("schedules", ()):
        yield f"schedule {schedule['name']}", _schedule(schedule)


def _schedule(schedule: Mapping[str, Any]) -> str:
    branch = schedule["branch"] or "the default branch"
    words = f"{schedule['cron']} (UTC), {branch}"
    next_at = schedule["next_at"]
    words += f"; next {_time(next_at)}" if next_at is not None else "; rests, as it is disabled"
    if schedule["last_at"] is not None:
        words += f"; last {_time(schedule['last_at'])}"
        words += f": {schedule['said']}" if schedule["said"] else ": not begun yet"
    return words


def _time(text: str) -> str:
    """To the minute, as schedules are: ``2026-01-02 03:30``."""
    return text[:16].replace("T", " ")
