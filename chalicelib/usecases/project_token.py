"""A project's own checkout token: kept, renewed, removed. Nobody is given it but a checkout."""

from __future__ import annotations

from chalicelib.domain.github_keys import TOKEN, cleaned
from chalicelib.domain.project import Project
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import KeyRefused
from chalicelib.usecases.projects import change_project, get_project


def put_checkout_token(co: Collaborators, name: str, value: str) -> Project:
    """Keep or renew it; the next claim has the new one. Repeatable.

    ``name:password`` is taken, too, for servers that want a user's name. The token is stored before
    the project says that it has one. Raises ``UnknownProject``, and ``KeyRefused`` in words.
    """
    project = get_project(co, name)
    try:
        value = cleaned(TOKEN, value)
    except ValueError as wrong:
        raise KeyRefused(f"the checkout token: {wrong}") from None
    co.project_tokens.put(project.name, value)
    return change_project(co, name, {"checkout_token_at": co.clock()})


def remove_checkout_token(co: Collaborators, name: str) -> Project:
    """Forget it. Repeatable. Raises ``UnknownProject``."""
    project = change_project(co, name, {"checkout_token_at": None})
    co.project_tokens.remove(project.name)
    return project
