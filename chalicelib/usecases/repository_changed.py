"""A registered repository was renamed, transferred, archived or deleted, or has another default
branch: the project keeps up, or is disabled and says why."""

from __future__ import annotations

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.project import Project
from chalicelib.domain.project_trouble import ProjectTrouble, TroubleKind
from chalicelib.github.events import RepositoryChanged
from chalicelib.usecases.build_side import client_of
from chalicelib.usecases.cancel_build import cancel_build
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.known_repository import is_the_one, keep_up
from chalicelib.usecases.projects import change_project
from chalicelib.usecases.refresh_project import ask_to_refresh, learn_schedules

NEWEST = 50
ENDS = {"archived": TroubleKind.ARCHIVED, "deleted": TroubleKind.DELETED}


def take_repository(
    co: Collaborators, side: BuildSide, delivery: StoredDelivery, event: RepositoryChanged
) -> str:
    """What was done, in words. Repeatable.

    Raises ``GitHubError``, ``ServiceTrouble``, and ``UnknownProject`` when it was just removed.
    """
    project = co.projects.get(delivery.group)
    if project is None or not is_the_one(project, event.repository):
        return f"{event.repository.name} is not registered here"
    if event.action in ENDS:
        return _end(co, side, project, event)
    if event.action == "unarchived":
        if project.trouble is None or project.trouble.kind is not TroubleKind.ARCHIVED:
            return "nothing follows from it"
        changed = change_project(co, project.name, {"enabled": True, "trouble": None})
        ask_to_refresh(co, changed, at_once=False)
        return "the project is enabled again"
    project = keep_up(co, project, event.repository, event.installation_id, who=event.sender)
    if not project.enabled:
        # By its operator's own hand: what is being built of it goes on.
        if project.trouble is not None and project.trouble.kind is TroubleKind.TRANSFERRED:
            _cancel_all(co, side, project, "the repository has another owner now")
        return "the project is disabled"
    if event.action == "edited":
        client = client_of(co, project, project.name, event.installation_id)
        return learn_schedules(co, side, client, project, event.repository, delivery)
    return f"the repository is {project.present_repository} now"


def _end(co: Collaborators, side: BuildSide, project: Project, event: RepositoryChanged) -> str:
    kind = ENDS[event.action]
    if project.enabled:
        trouble = ProjectTrouble(kind=kind, at=co.clock(), who=event.sender)
        change_project(co, project.name, {"enabled": False, "trouble": trouble})
    if kind is TroubleKind.DELETED:
        _cancel_all(co, side, project, "the repository was deleted")
    return "the project is disabled"


def _cancel_all(co: Collaborators, side: BuildSide, project: Project, why: str) -> None:
    for build in side.store.unfinished(project.name, NEWEST):
        cancel_build(co, build.id, why)
