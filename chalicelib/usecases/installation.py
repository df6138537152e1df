"""The App was installed or removed: registered projects learn which installation may read them."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.build_ports import BuildSide
from chalicelib.github.events import InstallationChanged
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.projects import put_project

GONE = ("deleted", "suspend")


def take_installation(co: Collaborators, side: BuildSide, event: InstallationChanged) -> str:
    """What was done, in words. Repeatable. Registers nothing: that is the operator's to do.

    Raises ``GitHubError``.
    """
    added: Iterable[tuple[int, str]] = ((each.id, each.name) for each in event.added)
    if event.action in GONE:
        gone = [p.name for p in co.projects.all() if p.installation_id == event.installation_id]
        for name in gone:
            put_project(co, name, {"installation_id": None})
        return f"{len(gone)} projects lost the App"
    if not event.complete or event.action in ("unsuspend", "new_permissions_accepted"):
        listed = side.github.github().repositories_of(event.installation_id)
        added = ((each.id, each.full_name) for each in listed)
    changed = 0
    for repository_id, name in added:
        known = co.projects.get(name)
        if known is None or known.repository_id not in (None, repository_id):
            continue
        told = {"installation_id": event.installation_id, "repository_id": repository_id}
        put_project(co, name, told)
        changed += 1
    for each in event.removed:
        known = co.projects.get(each.name)
        if known is not None and known.installation_id == event.installation_id:
            put_project(co, each.name, {"installation_id": None})
            changed += 1
    return f"{changed} projects changed"
