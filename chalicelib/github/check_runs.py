"""Check runs: https://docs.github.com/en/rest/checks/runs

Like commit statuses, with a page of their own: the verdict explained, the log's end, and buttons.
Only an App can make them. Each payload says all that is true now, so that sending one again, or
leaving one out, does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.quantities import format_duration
from chalicelib.github.log_tail import log_tail
from chalicelib.github.markdown import code, cut, escaped, size, visible
from chalicelib.github.outcome import Outcome, Phase, shown
from chalicelib.github.statuses import PREFIX, build_words, counts_against, name_of, title
from chalicelib.github.told import BuildTold, JobTold, Problem, seconds_of

MOST_BYTES = 65_535
"""Of a summary, and of a text."""
MOST_ANNOTATIONS = 50
MOST_MESSAGE = 4000

APPROVE = "approve"
RERUN_FAILED = "rerun_failed"
"""Identifiers of our buttons, which a ``CheckRequest`` brings back. GitHub's own is "rerun"."""


def job_check(job: JobTold, prefix: str = PREFIX) -> dict[str, Any]:
    """What is sent for one job, to create (with ``head_sha``) or to update. Pure."""
    output = {
        "title": title(job.outcome, job.detail, seconds_of(job)),
        "summary": _bounded(_job_summary(job)),
    }
    tail = log_tail(job.log_tail, MOST_BYTES)
    if tail:
        output["text"] = tail
    return _payload(job, name_of(job.name, prefix), output, _held(job.outcome))


def build_check(build: BuildTold, prefix: str = PREFIX) -> dict[str, Any]:
    """What is sent for the build, to create (with ``head_sha``) or to update. Pure.

    GitHub adds annotations up, so a payload with problems is sent once.
    """
    output: dict[str, Any] = {
        "title": title(build.outcome, build_words(build), seconds_of(build)),
        "summary": _bounded(_build_summary(build)),
    }
    if build.problems:
        output["annotations"] = [_annotation(each) for each in build.problems[:MOST_ANNOTATIONS]]
    buttons = _held(build.outcome)
    if any(counts_against(job.outcome) for job in build.jobs):
        buttons.append(_button("Rerun failed jobs", "Run what did not pass again", RERUN_FAILED))
    return _payload(build, name_of(None, prefix), output, buttons)


def _payload(
    told: JobTold | BuildTold, name: str, output: dict[str, Any], buttons: list[dict[str, str]]
) -> dict[str, Any]:
    row = shown(told.outcome)
    payload: dict[str, Any] = {
        "name": name,
        "external_id": told.id,
        "status": row.check,
        "output": output,
    }
    if told.url:
        payload["details_url"] = told.url
    if told.started_at is not None and row.check != "queued":
        payload["started_at"] = _time(told.started_at)
    if row.conclusion is not None:
        payload["conclusion"] = row.conclusion
        if told.finished_at is not None:
            payload["completed_at"] = _time(told.finished_at)
        # Only a completed run shows buttons.
        payload["actions"] = buttons
    return payload


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _job_summary(job: JobTold) -> Iterator[str]:
    yield f"**{shown(job.outcome).words}**" + (f": {escaped(job.detail)}" if job.detail else "")
    yield ""
    for sentence in job.sentences:
        yield f"- {escaped(sentence)}"
    yield from _link(job.url, "The job, its verdict and its whole log")


def _build_summary(build: BuildTold) -> Iterator[str]:
    words = build_words(build)
    yield f"**{shown(build.outcome).words}**" + (f": {escaped(words)}" if words else "")
    yield ""
    for problem in build.problems:
        where = code(f"{problem.path}:{problem.line}")
        yield f"- {where}: {escaped(cut(problem.text, MOST_MESSAGE))}"
    yield from _link(build.url, "The build")
    if build.jobs:
        yield ""
        yield "| Job | | Time |"
        yield "|---|---|---|"
        for job in build.jobs:
            yield _row(job)


def _row(job: JobTold) -> str:
    seconds = seconds_of(job)
    took = "" if seconds is None else format_duration(round(seconds))
    detail = f": {escaped(cut(job.detail, MOST_MESSAGE))}" if job.detail else ""
    return f"| {code(job.name)} | {shown(job.outcome).words}{detail} | {took} |"


def _link(url: str, words: str) -> Iterator[str]:
    if url:
        yield ""
        yield f"[{words}](<{url}>)"


def _bounded(lines: Iterator[str]) -> str:
    """As many whole lines as fit. What does not fit is on the page that is linked."""
    found, room = list[str](), MOST_BYTES - 100
    for line in lines:
        room -= size(line) + 1
        if room < 0:
            found += ["", "The rest is left out here."]
            break
        found.append(line)
    return "\n".join(found)


def _annotation(problem: Problem) -> dict[str, Any]:
    line = max(1, problem.line)
    return {
        "path": problem.path,
        "start_line": line,
        "end_line": line,
        "annotation_level": problem.level,
        "message": cut(visible(problem.text), MOST_MESSAGE) or "no reason given",
    }


def _held(outcome: Outcome) -> list[dict[str, str]]:
    if outcome.phase is not Phase.HELD:
        return []
    return [_button("Approve and run", "Run the jobs of this commit", APPROVE)]


def _button(label: str, description: str, identifier: str) -> dict[str, str]:
    """At most 20, 40 and 20 characters."""
    return {"label": label, "description": description, "identifier": identifier}
