"""A file and an event make a plan: which jobs run, which don't, and why."""

from __future__ import annotations

from chalicelib.repofile.filters import When, fits
from chalicelib.repofile.planned import Event, LeftOut, Plan, PlannedJob
from chalicelib.repofile.repository_file import FileJob, RepositoryFile
from chalicelib.repofile.skip import asks_to_skip


def plan(file: RepositoryFile, event: Event) -> Plan:
    """Every job of the file is either in ``jobs`` or in ``left_out``. Never raises."""
    reason = _why_no_build(file, event)
    if reason:
        return Plan(reason=reason, left_out=_all_left_out(file, reason))
    reasons = {each.job.name: why_not(each.when, event) for each in file.jobs}
    names = _names_by_key(file)
    _leave_dependents_out(file, names, reasons)
    jobs = tuple(_planned(each, names) for each in file.jobs if not reasons[each.job.name])
    left_out = tuple(
        LeftOut(name=name, reason=reason) for name, reason in reasons.items() if reason
    )
    if not jobs:
        return Plan(left_out=left_out, reason="no job of the file is meant for this event")
    return Plan(jobs=jobs, left_out=left_out, cancel_previous=_cancels(file, event))


def why_not(when: When, event: Event) -> str:
    """Why the event is not meant; empty when it is."""
    if when.events is not None and event.kind not in when.events:
        return f"not for {_words(event.kind)}"
    asked = when.schedules is not None and event.kind == "schedule"
    if asked and event.schedule not in (when.schedules or ()):
        return f"not for the schedule {event.schedule!r}"
    return _why_not_ref(when, event) or _why_not_paths(when, event)


def _why_no_build(file: RepositoryFile, event: Event) -> str:
    if event.kind in ("push", "pull_request") and asks_to_skip(event.message):
        return "the commit's message asks for no build"
    known = [schedule.name for schedule in file.schedules]
    asked = event.kind == "schedule" and event.schedule is not None and not event.elsewhere
    if asked and event.schedule not in known:
        return f"the file has no schedule {event.schedule!r}"
    if file.refs is not None and event.kind in ("push", "pull_request"):
        return file.refs.why_not(event.tag or event.branch or "")
    return why_not(file.when, event)


def _why_not_ref(when: When, event: Event) -> str:
    if event.tag is not None:
        if when.tags is None:
            return "" if when.branches is None else "only branches are named, and this is a tag"
        return "" if fits(when.tags, event.tag) else f"no pattern fits the tag {event.tag!r}"
    if when.branches is None:
        return "" if when.tags is None else "only tags are named, and this is a branch"
    branch = event.branch or ""
    return "" if fits(when.branches, branch) else f"no pattern fits the branch {branch!r}"


def _why_not_paths(when: When, event: Event) -> str:
    asked = event.kind in ("push", "pull_request") and event.tag is None
    if when.paths is None or event.paths is None or not asked:
        return ""
    return "" if any(fits(when.paths, path) for path in event.paths) else "no changed file fits"


def _leave_dependents_out(
    file: RepositoryFile, names: dict[str, list[str]], reasons: dict[str, str]
) -> None:
    """What needs a job that does not run does not run either."""
    changed = True
    while changed:
        changed = False
        for each in file.jobs:
            if reasons[each.job.name]:
                continue
            for key in each.needs:
                # Of a job with a matrix all run or none: "when" is the job's.
                if any(reasons[name] for name in names[key]):
                    reasons[each.job.name] = f"it needs {key}, which does not run"
                    changed = True
                    break


def _planned(each: FileJob, names: dict[str, list[str]]) -> PlannedJob:
    needs = tuple(dict.fromkeys(name for key in each.needs for name in names[key]))
    return each.job.model_copy(update={"needs": needs})


def _names_by_key(file: RepositoryFile) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for each in file.jobs:
        names.setdefault(each.job.key, []).append(each.job.name)
    return names


def _all_left_out(file: RepositoryFile, reason: str) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(name=each.job.name, reason=reason) for each in file.jobs)


def _cancels(file: RepositoryFile, event: Event) -> bool:
    if event.kind == "pull_request":
        return bool(file.cancel_previous)
    if event.kind != "push" or event.tag is not None:
        return False
    return fits(file.cancel_previous, event.branch or "")


def _words(kind: str) -> str:
    return {
        "push": "pushes",
        "pull_request": "pull requests",
        "schedule": "schedules",
        "manual": "manual builds",
    }[kind]
