"""What the use cases of builds have in common: where builds are, and the client of a project."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.build_ports import BuildSide
from chalicelib.domain.project import Project
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import NoBuilds

if TYPE_CHECKING:
    from chalicelib.github.client.github import Project as Client

BACKSTOP = timedelta(minutes=5)
"""How long nothing may be heard of an unfinished build before the reaper looks at it."""


def build_side(co: Collaborators) -> BuildSide:
    """Raises ``NoBuilds``."""
    if co.builds is None:
        raise NoBuilds
    return co.builds


def client_of(
    co: Collaborators, project: Project | None, name: str, installation_id: int | None
) -> Client:
    """What the project's calls go through. Its own token first, then the App's installation.

    Raises ``BadCredentials`` and ``ServiceTrouble``. Asks GitHub nothing yet.
    """
    from chalicelib.github.client.errors import BadCredentials

    token = None
    if project is not None and project.token_secret is not None:
        secret = project.token_secret
        token = co.secrets.get(project.name, (secret,)).get(secret)
        if token is None:
            raise BadCredentials(
                f"project {project.name} has no secret named {secret}, which holds its token for "
                "GitHub: store it with 'towline secret set'"
            )
    known = project.installation_id if project is not None else None
    return build_side(co).github.client(token, known or installation_id, name)
