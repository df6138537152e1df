"""The App was installed or removed: registered projects learn which installation may read them."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.build_ports import BuildSide
from chalicelib.domain.project import Project
from chalicelib.domain.project_trouble import OF_THE_APP, ProjectTrouble, TroubleKind
from chalicelib.github.events import InstallationChanged, Repository
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.known_repository import is_the_one, keep_up, project_of
from chalicelib.usecases.projects import put_project
from chalicelib.usecases.refresh_project import ask_to_refresh

GONE = {"deleted": TroubleKind.APP_REMOVED, "suspend": TroubleKind.APP_SUSPENDED}


def take_installation(co: Collaborators, side: BuildSide, event: InstallationChanged) -> str:
    """What was done, in words. Repeatable. Registers nothing: that is the operator's to do.

    Raises ``GitHubError``.
    """
    if event.action in GONE:
        gone = [p for p in co.projects.all() if p.installation_id == event.installation_id]
        for project in gone:
            _lose(co, project, event, GONE[event.action])
        return f"{len(gone)} projects lost the App"
    added: Iterable[tuple[int, str]] = ((each.id, each.name) for each in event.added)
    if not event.complete or event.action in ("unsuspend", "new_permissions_accepted"):
        listed = side.github.github().repositories_of(event.installation_id)
        added = ((each.id, each.full_name) for each in listed)
    changed = 0
    for repository_id, name in added:
        repository = Repository(id=repository_id, name=name)
        known = project_of(co, repository)
        if known is None or not is_the_one(known, repository):
            continue
        told = keep_up(co, known, repository, event.installation_id, who=event.sender)
        ask_to_refresh(co, told, at_once=False)
        changed += 1
    for each in event.removed:
        known = project_of(co, Repository(id=each.id, name=each.name))
        if known is not None and known.installation_id == event.installation_id:
            _lose(co, known, event, TroubleKind.APP_LOST)
            changed += 1
    return f"{changed} projects changed"


def _lose(
    co: Collaborators, project: Project, event: InstallationChanged, kind: TroubleKind
) -> None:
    trouble = ProjectTrouble(kind=kind, at=co.clock(), who=event.sender, where=event.account)
    changes: dict[str, object] = {"installation_id": None}
    # A graver trouble, which disabled the project, stays the one that is shown.
    if project.trouble is None or project.trouble.kind in OF_THE_APP:
        changes["trouble"] = trouble
    put_project(co, project.name, changes)
