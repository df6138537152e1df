"""A schedule is due: a build of its branch as it is now."""

from __future__ import annotations

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.github.events import CommitEvent, Repository, ScheduleDue
from chalicelib.usecases.advance import advance
from chalicelib.usecases.build_side import client_of
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.make_build import make_build
from chalicelib.usecases.schedules import note


def make_scheduled(
    co: Collaborators, side: BuildSide, delivery: StoredDelivery, event: ScheduleDue
) -> str:
    """What was done, in words, which the timetable keeps too. Repeatable: one build for a due time.

    Raises ``GitHubError`` and ``ServiceTrouble``.
    """
    from chalicelib.github.client.errors import GitHubError, TryLater

    if side.store.get(delivery.build_id) is not None:
        advance(co, delivery.build_id)
        return f"build {delivery.build_id}"
    try:
        said = _make(co, delivery, event)
    except TryLater as later:
        note(side, event, f"put off: {later}")
        raise
    except GitHubError as trouble:
        note(side, event, f"no build: {trouble}")
        raise
    note(side, event, said)
    return said


def _make(co: Collaborators, delivery: StoredDelivery, event: ScheduleDue) -> str:
    from chalicelib.github.client.errors import Refused
    from chalicelib.github.push_event import first_line

    project = co.projects.get(event.project)
    if project is None or not project.enabled:
        return f"no build: the project is {'not registered' if project is None else 'disabled'}"
    client = client_of(co, project, project.name, None)
    known = client.read.repository(project.present_repository)
    branch = event.branch or known.default_branch
    try:
        commit = client.read.commit(known.full_name, f"heads/{branch}")
    except Refused as refused:
        if refused.status not in (404, 409, 422):
            raise
        return f"no build: the repository has no branch {branch}"
    happened = CommitEvent(
        kind="schedule",
        repository=Repository(
            id=known.id,
            name=known.full_name,
            private=known.private,
            default_branch=known.default_branch,
        ),
        installation_id=project.installation_id,
        sha=commit.sha,
        ref=f"refs/heads/{branch}",
        branch=branch,
        schedule=event.schedule,
        author=commit.login,
        title=first_line(commit.message),
        message=commit.message,
    )
    return make_build(co, delivery, happened)
