"""A job on one page: its verdict and why, what each attempt saw, and a part of its log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from chalicelib.domain.cost import job_cost_usd
from chalicelib.domain.explain import describe_exit, explain
from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.phases import phases
from chalicelib.domain.quantities import format_duration, format_size
from chalicelib.pages.document import Page, facts, table, time, word
from chalicelib.pages.log_html import log_html
from chalicelib.pages.markup import Child, Html, anchor, element, joined


@dataclass(frozen=True, slots=True)
class LogShown:
    """Bytes of one attempt's log. ``tail``: they are its end so far."""

    attempt: int
    offset: int
    data: bytes
    next_offset: int
    gap: int = 0
    tail: bool = True


@dataclass(frozen=True, slots=True)
class JobLinks:
    """Addresses relative to the page's own. '' where there is none."""

    build: str = ""
    earlier: str = ""
    later: str = ""
    whole: str = ""


def job_page(job: Job, log: LogShown, links: JobLinks) -> Page:
    """The page of a job in any state. Pure."""
    state = job.verdict.value if job.verdict else job.state.value
    name = job.name or job.id
    heading = joined(element("nav", _up(job, links)), element("h1", word(state), ": ", name))
    body = joined(
        heading,
        facts(*_facts(job)),
        element("h2", "What happened"),
        *(element("p", sentence) for sentence in explain(job)),
        _attempts(job),
        *_log(job, log, links),
    )
    title = f"{state.replace('_', ' ')}: {name} ({job.project})"
    return Page(title, body, refresh=job.state is not State.FINISHED and log.tail)


def _up(job: Job, links: JobLinks) -> Html:
    return joined(job.project, " / ", anchor(links.build, "the build") if links.build else "job")


def _facts(job: Job) -> Iterator[tuple[str, Child]]:
    yield "Job", job.id
    yield "Image", job.image or "the runner's own"
    yield "Size", f"{job.cpu:g} vCPU, {format_size(job.memory_mib << 20)}, {job.arch}"
    yield "Submitted", time(job.created_at)
    yield "Finished", time(job.finished_at)
    if job.finished_at is not None:
        took = max(0.0, (job.finished_at - job.created_at).total_seconds())
        yield "Took", f"{format_duration(took)}, waiting included"
    yield "Timeout", format_duration(job.timeout_s)
    cost = job_cost_usd(job)
    if cost is not None:
        yield "Cost", f"{cost:.5f} USD, Fargate's part at list prices"
    if job.restricted:
        yield "Rights", "none: a stranger's code has no secrets and no role"


def _attempts(job: Job) -> Html:
    attempts = sorted(job.attempts.values(), key=lambda attempt: attempt.number)
    if not attempts:
        return joined()
    heads = ("Attempt", "Started", "Runner saw", "Engine saw", "Phases", "Log")
    rows: list[tuple[Child, ...]] = [
        (
            str(attempt.number),
            time(attempt.started_at),
            _runner(attempt),
            _engine(attempt),
            _phases(job, attempt),
            format_size(attempt.report.log.bytes if attempt.report else attempt.log_bytes),
        )
        for attempt in attempts
    ]
    caption = "Both witnesses must agree before a script is passed or failed."
    return joined(element("h2", "Attempts"), table(caption, heads, rows))


def _runner(attempt: Attempt) -> str:
    if attempt.report is not None:
        where = ", in its setup" if attempt.report.ended_in_setup else ""
        ended_by = attempt.report.ended_by.value
        return f"{describe_exit(attempt.report.exit)}, ended by {ended_by}{where}"
    return "nothing yet" if attempt.claimed_at else "never came"


def _engine(attempt: Attempt) -> str:
    if attempt.stop is None:
        return "nothing yet"
    code = attempt.stop.exit_code
    return "no exit code" if code is None else f"exit code {code}"


def _phases(job: Job, attempt: Attempt) -> str:
    took = asdict(phases(job, attempt)).items()
    return ", ".join(
        f"{name.removesuffix('_s')} {format_duration(seconds)}"
        for name, seconds in took
        if seconds is not None
    )


def _log(job: Job, log: LogShown, links: JobLinks) -> Iterator[Html]:
    yield element("h2", "Log", id="log")
    if not log.data:
        nothing = "It wrote nothing." if job.state is State.FINISHED else "Nothing yet."
        yield element("p", nothing, class_="soft")
    where = f"Attempt {log.attempt}, bytes {log.offset} to {log.next_offset}. "
    gap = f"{log.gap} bytes before them never arrived. " if log.gap else ""
    ways = [
        anchor(href, text)
        for href, text in (
            (links.earlier, "earlier"),
            (links.later, "later"),
            (links.whole, "download all of it"),
        )
        if href
    ]
    if log.data or ways:
        between = (joined(" ", way) for way in ways)
        yield element("p", where if log.data else "", gap, *between, class_="soft")
    if log.data:
        yield element("pre", log_html(log.data), tabindex="0", aria_label="log")
