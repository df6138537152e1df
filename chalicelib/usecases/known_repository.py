"""What GitHub tells of a project's repository: its number, its present name, its installation."""

from __future__ import annotations

import logging
from typing import Any

from chalicelib.domain.project import Project
from chalicelib.domain.project_trouble import OF_THE_APP, ProjectTrouble, TroubleKind
from chalicelib.github.events import Repository
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.projects import change_project

log = logging.getLogger("towline.usecases")


def project_of(co: Collaborators, repository: Repository) -> Project | None:
    """The repository's project: by name, or by number, as it may have been renamed since.

    As it was within the last seconds. A project that has the name and is of another number is the
    answer only when none has the number: whether ``is_the_one`` holds is the caller's to ask.
    """
    named = co.projects.find(repository.name)
    if named is not None and is_the_one(named, repository):
        return named
    return co.projects.of_repository(repository.id) or named


def is_the_one(project: Project, repository: Repository) -> bool:
    """Not one that was given the name later, which nobody has registered."""
    return project.repository_id in (None, repository.id)


def keep_up(
    co: Collaborators,
    project: Project,
    repository: Repository,
    installation_id: int | None,
    *,
    who: str = "",
) -> Project:
    """The project with what an event, or an answer, tells of its repository. Repeatable.

    One that has another owner now is disabled: what was stored for the former is not for the
    new one to use. Raises ``ServiceTrouble``, and ``UnknownProject`` when it was just removed.
    """
    changes: dict[str, Any] = {}
    if project.repository_id is None:
        changes["repository_id"] = repository.id
    if installation_id not in (None, project.installation_id):
        changes["installation_id"] = installation_id
    reached = installation_id is not None or project.token_secret is not None
    if reached and project.trouble and project.trouble.kind in OF_THE_APP:
        changes["trouble"] = None
    before, now = project.present_repository.lower(), repository.name.lower()
    if before != now:
        changes["repository"] = None if now == project.name else repository.name
        # One that was registered by its number, under a plain name, has had no owner to lose.
        if "/" in before and before.partition("/")[0] != now.partition("/")[0]:
            trouble = ProjectTrouble(
                kind=TroubleKind.TRANSFERRED, at=co.clock(), who=who, where=repository.name
            )
            changes |= {"enabled": False, "trouble": trouble}
            log.warning("%s was transferred: project %s is disabled", before, project.name)
    return change_project(co, project.name, changes) if changes else project
