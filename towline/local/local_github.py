"""What a local service is told of GitHub when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LocalGitHub:
    """``parameters`` are secret: by the names that ``chalicelib/aws/github_parameters.py`` has."""

    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = ""
    """An Enterprise Server's address; '': github.com."""
    public_url: str = ""
    """Where GitHub and browsers reach this service, through a tunnel of the user's; '': they don't,
    and statuses have links that work on this machine alone."""
