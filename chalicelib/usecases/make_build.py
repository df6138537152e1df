"""A commit event into a build: its file read, its jobs planned, those without needs started."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.build import BuildState
from chalicelib.domain.build_record import BuildEntry, BuildRecord
from chalicelib.domain.project import Project
from chalicelib.domain.trust import EventFacts, Grant, Start, grant
from chalicelib.github.events import CommitEvent
from chalicelib.repofile.planned import Plan, PlannedJob
from chalicelib.usecases.advance import advance
from chalicelib.usecases.build_side import BACKSTOP, build_side, client_of
from chalicelib.usecases.cancel_build import cancel_build
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.github_trouble import count_refused
from chalicelib.usecases.known_repository import is_the_one, keep_up
from chalicelib.usecases.schedules import keep_schedules

if TYPE_CHECKING:
    from chalicelib.github.client.errors import GitHubError

NEWEST = 50
"""Builds of a project among which those before are looked for."""
PLAN: TypeAdapter[tuple[PlannedJob, ...]] = TypeAdapter(tuple[PlannedJob, ...])

log = logging.getLogger("towline.builds")


def make_build(co: Collaborators, delivery: StoredDelivery, event: CommitEvent) -> str:
    """Make the delivery's build; what was done, in words. Repeatable: its id is the delivery's.

    Raises ``GitHubError``, and ``ServiceTrouble``.
    """
    side = build_side(co)
    existing = side.store.get(delivery.build_id)
    if existing is None:
        project = co.projects.get(delivery.group)
        if project is not None and not is_the_one(project, event.repository):
            return f"no build: {event.repository.name} is not the repository that was registered"
        if project is not None:
            project = keep_up(co, project, event.repository, event.installation_id)
        facts = EventFacts(fork=event.from_fork, association=event.author_association or "NONE")
        granted = grant(project, facts)
        if project is None or granted.start is Start.NEVER:
            return f"no build: {granted.why}"
        made = _new_build(co, side, delivery, event, project, granted)
        if isinstance(made, str):
            return f"no build: {made}"
        existing, _ = side.store.create(made, due_at=co.clock() + BACKSTOP)
    if not existing.final and existing.cancels_before:
        _cancel_before(co, side, existing)
    advance(co, existing.id)
    return f"build {existing.id}"


def _new_build(
    co: Collaborators,
    side: BuildSide,
    delivery: StoredDelivery,
    event: CommitEvent,
    project: Project,
    granted: Grant,
) -> BuildRecord | str:
    """The build, or why there is none."""
    from chalicelib.usecases.read_plan import Commit, commit_of, read_plan

    found: Any
    try:
        client = client_of(co, project, project.name, event.installation_id)
        commit = commit_of(client.read, event, side.sleep)
        found = read_plan(client.read, event, commit)
        if found.schedules is not None and _tells_schedules(event):
            keep_schedules(co, side, project, found.schedules, delivery.received_at)
    except _refusals() as trouble:
        # Nothing can be read, so perhaps nothing can be told either; the build says it.
        log.error("build %s: nothing can be read: %s", delivery.build_id, trouble)
        count_refused(co, trouble, project)
        commit = Commit(event.sha, event.ref)
        return _build(co, delivery, event, project, granted, commit).model_copy(
            update={
                "state": BuildState.ERRORED,
                "detail": str(trouble),
                "finished_at": co.clock(),
            }
        )
    build = _build(co, delivery, event, project, granted, commit)
    changes: dict[str, Any] = {"file": found.file, "problems": found.problems}
    if found.plan is None:
        changes |= {"state": BuildState.FAILED, "finished_at": co.clock()}
        return build.model_copy(update=changes)
    if not found.plan.jobs:
        return str(found.plan.reason)
    plan: Plan = found.plan
    changes["plan_key"] = co.specs.put(build.id, PLAN.dump_json(plan.jobs).decode())
    changes["jobs"] = {
        job.name: BuildEntry(needs=job.needs, allow_failure=job.allow_failure) for job in plan.jobs
    }
    changes["cancels_before"] = plan.cancel_previous
    return build.model_copy(update=changes)


def _tells_schedules(event: CommitEvent) -> bool:
    """It is the head of the default branch, whose file has the schedules."""
    own = event.kind != "pull_request" and event.branch is not None
    return own and event.branch == event.repository.default_branch


def _refusals() -> tuple[type[GitHubError], ...]:
    from chalicelib.github.client.errors import BadCredentials, Misunderstood, Refused

    return BadCredentials, Misunderstood, Refused


def _build(
    co: Collaborators,
    delivery: StoredDelivery,
    event: CommitEvent,
    project: Project,
    granted: Grant,
    commit: Any,
) -> BuildRecord:
    now = co.clock()
    return BuildRecord(
        id=delivery.build_id,
        project=project.name,
        repository_id=event.repository.id,
        repository_name=event.repository.name,
        private=event.repository.private,
        installation_id=event.installation_id,
        kind=event.kind,
        ref=commit.ref,
        branch=event.branch,
        tag=event.tag,
        pull_request=event.pull_request,
        head_branch=event.head_branch,
        schedule=event.schedule,
        from_fork=event.from_fork,
        sha=event.sha,
        commit=commit.sha,
        base_sha=event.base_sha,
        author=event.author,
        title=event.title,
        restricted=granted.restricted,
        held=granted.start is Start.APPROVAL,
        checkout_secret=None if granted.restricted else project.token_secret,
        created_at=delivery.received_at,
        updated_at=now,
    )


def _cancel_before(co: Collaborators, side: BuildSide, build: BuildRecord) -> None:
    """Cancel the line's builds before this one; or this one, when a newer one is there already.

    Ids sort by the time that deliveries came, so it does not matter which is worked on first.
    """
    others = [
        other
        for other in side.store.unfinished(build.project, NEWEST)
        if other.line == build.line and other.id != build.id
    ]
    for other in others:
        if other.id < build.id:
            log.info("build %s cancels build %s", build.id, other.id)
            cancel_build(co, other.id, "a newer commit was pushed")
    if any(other.id > build.id for other in others):
        cancel_build(co, build.id, "a newer commit was pushed")
