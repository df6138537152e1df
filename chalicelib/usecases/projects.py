"""Registered projects: kept, shown and forgotten."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from chalicelib.domain.project import Project, project_key
from chalicelib.ports import ServiceTrouble
from chalicelib.project_port import ProjectChanged
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownProject
from chalicelib.usecases.slots import send_waiting_safely

ROUNDS = 5
REACHED_BY = {"enabled", "repository_id", "installation_id", "token_secret"}
"""Settings with which GitHub may say something that it did not say before."""

log = logging.getLogger("towline.usecases")


def put_project(co: Collaborators, name: str, changes: Mapping[str, Any]) -> tuple[Project, bool]:
    """Change what ``changes`` names, by the names of ``Project``'s fields; all else stays as it is.

    Gives the project and whether it is new. Repeatable. Raises ``ValueError``, in words, for what
    it can't have. A higher limit counts at once, a lower one as jobs end, and the first one
    for jobs that are submitted from now on: those before it hold no slots.
    """
    return _write(co, name, changes, register=True)


def change_project(co: Collaborators, name: str, changes: Mapping[str, Any]) -> Project:
    """As ``put_project``, for whoever was told something of a project: it registers none.

    Somebody may have removed it since it was read. Raises ``UnknownProject``.
    """
    return _write(co, name, changes, register=False)[0]


def _write(
    co: Collaborators, name: str, changes: Mapping[str, Any], *, register: bool
) -> tuple[Project, bool]:
    for _ in range(ROUNDS):
        now = co.clock()
        found = co.projects.get(name)
        if found is None and not register:
            raise UnknownProject(name)
        fields = found.model_dump() if found else {"name": name, "created_at": now}
        version = found.version if found else None
        written = {"updated_at": now, "version": (version or 0) + 1}
        try:
            wanted = Project.model_validate({**fields, **changes, **written})
        except ValidationError as trouble:
            first = trouble.errors(include_url=False, include_input=False)[0]
            raise ValueError(str(first.get("ctx", {}).get("error", first["msg"]))) from None
        try:
            co.projects.put(wanted, replaces=version)
        except ProjectChanged:
            continue
        send_waiting_safely(co, [wanted.name])
        return wanted, found is None
    raise ServiceTrouble(f"project {name} is being changed all the time; try again")


def set_project(co: Collaborators, name: str, changes: Mapping[str, Any]) -> tuple[Project, bool]:
    """As ``put_project``, for people; what is to be known of its repository is asked for."""
    from chalicelib.usecases.refresh_project import ask_to_refresh

    wanted = dict(changes)
    if wanted.get("enabled"):
        wanted["trouble"] = None
    if "repository_id" in wanted:
        # Another repository has another name; which one will be told.
        wanted["repository"] = None
    project, new = put_project(co, name, wanted)
    if new or REACHED_BY & wanted.keys():
        ask_to_refresh(co, project)
    return project, new


def get_project(co: Collaborators, name: str) -> Project:
    """Raises ``UnknownProject``."""
    found = co.projects.get(name)
    if found is None:
        raise UnknownProject(name)
    return found


def remove_project(co: Collaborators, name: str) -> None:
    """Forget its settings and its checkout token; jobs, secrets and tokens stay.

    Raises ``UnknownProject``.
    """
    if not co.projects.remove(name):
        raise UnknownProject(name)
    try:
        co.project_tokens.remove(project_key(name))
    except ServiceTrouble as trouble:
        log.warning("the checkout token of %s stays, unused: %s", name, trouble)
    try:
        if co.builds is not None:
            co.builds.timetables.remove(project_key(name))
    except ServiceTrouble as trouble:
        log.warning("the schedules of %s go when they are next due: %s", name, trouble)
    send_waiting_safely(co, [project_key(name)])


def canonical_name(co: Collaborators, name: str) -> str:
    """The name that a registered project's jobs have; any other name as it is."""
    found = co.projects.find(name)
    return name if found is None else found.name
