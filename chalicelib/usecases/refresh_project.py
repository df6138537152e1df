"""What is to be known of a project's repository before anybody pushes: asked for once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.model import stamp
from chalicelib.domain.project import Project
from chalicelib.github.events import Registered, Repository
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.build_side import client_of
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.known_repository import is_the_one, keep_up
from chalicelib.usecases.own_delivery import queue_own, store_own
from chalicelib.usecases.schedules import keep_schedules
from chalicelib.usecases.webhook import RESEND

if TYPE_CHECKING:
    from chalicelib.github.client.github import Project as Client

log = logging.getLogger("towline.usecases")


def ask_to_refresh(co: Collaborators, project: Project, *, at_once: bool = True) -> None:
    """Have the builder do it. A project that is no repository has nothing to be known.

    Not ``at_once``: the reaper queues it within its minute, for callers who may not, or are many.
    Trouble is logged: the next push to the default branch tells the same.
    """
    if co.builds is None or not project.enabled or not _may_be_a_repository(project):
        return
    event = Registered(project=project.name)
    try:
        # One that is removed and added again begins with the same version.
        unique = f"registered/{project.name}/{project.version}/{stamp(project.updated_at)}"
        stored = store_own(co, co.builds, event, unique, wait=RESEND if at_once else timedelta())
    except ServiceTrouble as trouble:
        log.warning("GitHub will not be asked about %s: %s", project.name, trouble)
        return
    if at_once:
        queue_own(co.builds, stored)


def _may_be_a_repository(project: Project) -> bool:
    from chalicelib.github.client.paths import of_repository

    try:
        return bool(of_repository(project.present_repository))
    except ValueError:
        return False


def refresh_project(
    co: Collaborators, side: BuildSide, delivery: StoredDelivery, event: Registered
) -> str:
    """Learn number, name, installation and schedules; what was done, in words. Repeatable.

    Nothing is wrong with a project that GitHub can't be asked about yet: whoever sets up the
    credentials later, or pushes, has it told. Raises ``TryLater`` and ``ServiceTrouble``.
    """
    from chalicelib.github.client.errors import GitHubError, TryLater

    project = co.projects.get(event.project)
    if project is None or not project.enabled:
        return "the project is not registered any more, or disabled"
    try:
        return _learn(co, side, project, delivery)
    except TryLater:
        raise
    except GitHubError as trouble:
        log.info("GitHub could not be asked about %s: %s", project.name, trouble)
        return f"GitHub could not be asked about it: {trouble}"


def _learn(co: Collaborators, side: BuildSide, project: Project, delivery: StoredDelivery) -> str:
    installation = project.installation_id
    github = side.github.github()
    if installation is None and project.token_secret is None and github.key is not None:
        installation = github.installation_of(project.present_repository)
    client = client_of(co, project, project.name, installation)
    known = client.read.repository(project.present_repository)
    repository = Repository(
        id=known.id,
        name=known.full_name,
        private=known.private,
        default_branch=known.default_branch,
    )
    if not is_the_one(project, repository):
        return f"{known.full_name} is not the repository that was registered"
    project = keep_up(co, project, repository, installation)
    if not project.enabled:
        return "the repository has another owner now; the project is disabled"
    return learn_schedules(co, side, client, project, repository, delivery)


def learn_schedules(
    co: Collaborators,
    side: BuildSide,
    client: Client,
    project: Project,
    repository: Repository,
    delivery: StoredDelivery,
) -> str:
    """Those of the default branch's file, as it is now. Raises ``GitHubError``."""
    from chalicelib.github.client.errors import Refused
    from chalicelib.usecases.read_plan import read_file

    try:
        head = client.read.commit(repository.name, f"heads/{repository.default_branch}")
    except Refused as refused:
        if refused.status not in (404, 409, 422):
            raise
        return "the repository has no commits yet"
    found = read_file(client.read, repository.name, head.sha)
    if found.problems:
        return f"{found.path} is wrong; the schedules stay as they were"
    schedules = found.file.schedules if found.file is not None else ()
    keep_schedules(co, side, project, schedules, delivery.received_at)
    found_words = {0: "no schedules", 1: "1 schedule"}
    return found_words.get(len(schedules), f"{len(schedules)} schedules")
