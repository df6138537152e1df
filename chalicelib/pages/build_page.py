"""A build on one page: what it was made of, and how each of its jobs stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.domain.build import JobState, summary
from chalicelib.domain.build_record import BuildEntry, BuildRecord
from chalicelib.domain.quantities import format_duration
from chalicelib.domain.verdict import Verdict
from chalicelib.pages.document import Page, facts, table, time, word
from chalicelib.pages.markup import Child, Html, anchor, element, joined


def build_page(build: BuildRecord, *, job_href: Callable[[str], str], commit_url: str = "") -> Page:
    """The page of a build in any state. ``job_href`` gives a job's address by its id. Pure.

    Titles, branches and names are their authors': any of them may hold anything.
    """
    state = "held" if build.held and not build.final else build.state.value
    name = build.title.strip().split("\n")[0][:300] or build.sha[:12]
    body = joined(
        element("nav", build.repository_name),
        element("h1", word(state), ": ", name),
        element("p", build.detail or summary(build.as_jobs)),
        facts(*_facts(build, commit_url)),
        *_problems(build),
        element("h2", "Jobs"),
        _jobs(build, job_href),
    )
    title = f"{state}: {name} ({build.repository_name})"
    return Page(title, body, refresh=not build.final)


def _facts(build: BuildRecord, commit_url: str) -> Iterator[tuple[str, Child]]:
    yield "Build", build.id
    if build.pull_request is not None:
        yield "Pull request", f"{build.pull_request}, into {build.branch}"
    else:
        yield "Branch", build.branch
        yield "Tag", build.tag
        yield "Schedule", build.schedule
    sha = build.sha[:12]
    yield "Commit", anchor(commit_url, sha) if commit_url else sha
    yield "Author", build.author
    yield "File", build.file
    yield "Made", time(build.created_at)
    yield "Finished", time(build.finished_at)
    if build.finished_at is not None:
        took = (build.finished_at - build.created_at).total_seconds()
        yield "Took", format_duration(max(0.0, took))
    if build.restricted:
        yield "Rights", "none: a stranger's code has no secrets and no role"
    yield "Approved by", build.approved_by


def _problems(build: BuildRecord) -> Iterator[Html]:
    if build.problems:
        yield element("h2", "The repository's file")
        rows: list[tuple[Child, ...]] = [
            (
                f"{problem.path}:{problem.line}",
                "wrong" if problem.level == "failure" else "ignored",
                problem.text,
            )
            for problem in build.problems
        ]
        yield table("Line by line", ("Where", "How", "What"), rows)


def _jobs(build: BuildRecord, job_href: Callable[[str], str]) -> Html:
    if not build.jobs:
        return element("p", "There are none.", class_="soft")
    heads = ("Job", "State", "Took", "Needs", "What happened")
    rows: list[tuple[Child, ...]] = [
        (
            anchor(job_href(entry.job_id), name) if entry.job_id else name,
            _state(entry),
            _took(entry),
            ", ".join(entry.needs),
            entry.detail or _not_run(build, entry),
        )
        for name, entry in build.jobs.items()
    ]
    return table("In the order of the file", heads, rows)


def _not_run(build: BuildRecord, entry: BuildEntry) -> str:
    if entry.state is not JobState.SKIPPED:
        return ""
    return "the build was cancelled" if build.cancelled else "a job it needs did not pass"


def _state(entry: BuildEntry) -> Html:
    if entry.verdict is None or entry.state is not JobState.FINISHED:
        return word(entry.state.value)
    allowed = entry.allow_failure and entry.verdict not in (Verdict.PASSED, Verdict.CANCELLED)
    return joined(word(entry.verdict.value), " (allowed)" if allowed else None)


def _took(entry: BuildEntry) -> str:
    if entry.started_at is None or entry.finished_at is None:
        return ""
    return format_duration(max(0.0, (entry.finished_at - entry.started_at).total_seconds()))
