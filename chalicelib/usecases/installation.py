"""The App was installed or removed: registered projects learn which installation may read them."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.build_ports import BuildSide
from chalicelib.domain.project import Project
from chalicelib.domain.project_trouble import OF_THE_APP, ProjectTrouble, TroubleKind
from chalicelib.github.events import InstallationChanged, Repository
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownProject
from chalicelib.usecases.known_repository import is_the_one, keep_up, project_of
from chalicelib.usecases.projects import change_project
from chalicelib.usecases.refresh_project import ask_to_refresh

GONE = {"deleted": TroubleKind.APP_REMOVED, "suspend": TroubleKind.APP_SUSPENDED}


def take_installation(co: Collaborators, side: BuildSide, event: InstallationChanged) -> str:
    """What was done, in words. Repeatable. Registers nothing: that is the operator's to do.

    Raises ``GitHubError``.
    """
    if event.action in GONE:
        gone = [p for p in co.projects.all() if p.installation_id == event.installation_id]
        lost = sum(_lose(co, project, event, GONE[event.action]) for project in gone)
        return f"{lost} projects lost the App"
    added: Iterable[tuple[int, str]] = ((each.id, each.name) for each in event.added)
    if not event.complete or event.action in ("unsuspend", "new_permissions_accepted"):
        listed = side.github.github().repositories_of(event.installation_id)
        added = ((each.id, each.full_name) for each in listed)
    changed = sum(
        _gain(co, Repository(id=repository_id, name=name), event) for repository_id, name in added
    )
    for each in event.removed:
        repository = Repository(id=each.id, name=each.name)
        known = project_of(co, repository)
        if known is None or not is_the_one(known, repository):
            continue
        if known.installation_id == event.installation_id:
            changed += _lose(co, known, event, TroubleKind.APP_LOST)
    return f"{changed} projects changed"


def _gain(co: Collaborators, repository: Repository, event: InstallationChanged) -> bool:
    """Whether a project has it. One that was just removed is none, and no reason to stop."""
    known = project_of(co, repository)
    if known is None or not is_the_one(known, repository):
        return False
    try:
        told = keep_up(co, known, repository, event.installation_id, who=event.sender)
    except UnknownProject:
        return False
    ask_to_refresh(co, told, at_once=False)
    return True


def _lose(
    co: Collaborators, project: Project, event: InstallationChanged, kind: TroubleKind
) -> bool:
    trouble = ProjectTrouble(kind=kind, at=co.clock(), who=event.sender, where=event.account)
    changes: dict[str, object] = {"installation_id": None}
    # A graver trouble, which disabled the project, stays the one that is shown.
    if project.trouble is None or project.trouble.kind in OF_THE_APP:
        changes["trouble"] = trouble
    try:
        change_project(co, project.name, changes)
    except UnknownProject:
        return False
    return True
