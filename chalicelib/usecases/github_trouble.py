"""What GitHub refuses for good, as a figure: whose credentials it is about, or what is missing."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.project import Project
from chalicelib.usecases.collaborators import Collaborators

if TYPE_CHECKING:
    from chalicelib.github.client.errors import GitHubError


class RefusedFor(StrEnum):
    """Why something is not done at GitHub, and asking again won't help: few and fixed."""

    CREDENTIALS = "credentials"
    """GitHub does not accept the service's own App or token: the operator's to mend."""
    PROJECT = "project"
    """A project's own token, or its App's installation, may not: its owner's to mend."""
    MISSING = "missing"
    """The repository, commit or installation is not there, or is not shown."""
    REFUSED = "refused"
    LATE = "late"
    """GitHub wanted to be asked later for a whole day."""


def count_refused(co: Collaborators, trouble: GitHubError, project: Project | None) -> RefusedFor:
    """Count one, and say why. ``project``: whose call it was, as far as that is known."""
    reason = reason_of(trouble, project)
    co.meter.count("GitHubRefused", reason=reason.value)
    return reason


def reason_of(trouble: GitHubError, project: Project | None) -> RefusedFor:
    """Pure. 401 is about a token as such, 403 about what it may do there."""
    from chalicelib.github.client.errors import BadCredentials, NotAllowed, NotFound, TryLater

    if isinstance(trouble, TryLater):
        return RefusedFor.LATE
    if isinstance(trouble, NotFound):
        return RefusedFor.MISSING
    own = project is not None and project.token_secret is not None
    unknown = isinstance(trouble, NotAllowed) and trouble.status == 401
    if isinstance(trouble, BadCredentials) or unknown:
        return RefusedFor.PROJECT if own else RefusedFor.CREDENTIALS
    return RefusedFor.PROJECT if isinstance(trouble, NotAllowed) else RefusedFor.REFUSED
