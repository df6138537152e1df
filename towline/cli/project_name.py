"""A project as people name it: by its name, or by its repository's address."""

from __future__ import annotations

import re

from towline.cli.problem import Problem

# https://host/owner/repo, git@host:owner/repo.git, ssh://git@host/owner/repo
_ADDRESS = re.compile(
    r"(?:https?://|ssh://|[^/@:]+@)[^/:]+(?::\d+/|[:/])([^/]+/[^/]+?)(?:\.git)?/?\Z"
)


def project_name(text: str) -> str:
    """The name. Raises ``Problem`` for what is none. For arguments of commands."""
    from chalicelib.domain.spec import PROJECT_NAME

    address = _ADDRESS.match(text)
    name = address[1] if address else text
    if not PROJECT_NAME.match(name):
        raise Problem(
            f"{text!r} is not a project's name such as acme/web: it has letters, digits and "
            ". _ / - only, at most 100"
        )
    return name
