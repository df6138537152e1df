"""Try what one project's builds go through: its repository, its rights, its checkout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.project import Project
from chalicelib.github.wanted import lacking
from chalicelib.usecases.build_side import build_side, client_of
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.github_check import Finding, quick, token_findings
from chalicelib.usecases.projects import get_project

if TYPE_CHECKING:
    from chalicelib.github.client.answers import KnownRepository
    from chalicelib.github.client.github import Project as Client

CHECKOUT = "checkout"
NOBODY = "nobody"
"""Who asks without a token."""
HOW = "install the App for it, or 'towline github set token'"


def check_project(co: Collaborators, name: str) -> Iterator[Finding]:
    """Raises ``NoBuilds``, ``UnknownProject``, and ``ServiceTrouble``."""
    from chalicelib.github.client.errors import GitHubError, NotAllowed, NotFound

    build_side(co)
    project = get_project(co, name)
    about, who = project.name, ""
    if not project.enabled:
        yield Finding("wrong", about, "it is disabled: 'towline project set NAME --enable'")
    try:
        project = _with_installation(co, project)
        client = _client(co, project)
        who, name = client.read.access.who, project.present_repository
        try:
            known = client.read.repository(name)
        except NotFound:
            says = f"GitHub shows {who} no {name}: is the name right, and may it see that?"
            if who == NOBODY:
                says = f"GitHub shows no {name} without a token: is the name right? Else {HOW}"
            yield Finding("wrong", about, says)
            return
        yield from _identity(project, known)
        if who == NOBODY:
            yield Finding("wrong", about, f"nothing is set that may tell it of builds: {HOW}")
        else:
            yield from _rights(co, project, client, known)
        if known.private:
            about, who = CHECKOUT, ""
            yield from _checkout(co, project, client, known)
    except ValueError as wrong:
        yield Finding("wrong", about, f"it is not on GitHub: {wrong}")
    except GitHubError as trouble:
        whose = f"{who}: " if isinstance(trouble, NotAllowed) and who else ""
        yield Finding("wrong", about, f"{whose}{trouble}")


def _with_installation(co: Collaborators, project: Project) -> Project:
    """As its next delivery will tell, when the App came after the project. Raises ``ValueError``
    for a name that is no repository's, and ``GitHubError``."""
    from chalicelib.github.client.paths import of_repository

    of_repository(project.present_repository)
    github = build_side(co).github.github()
    if github.key is None or project.installation_id or project.token_secret:
        return project
    asking = replace(github, exchange=quick(github.exchange))
    found = asking.installation_of(project.present_repository)
    return project.model_copy(update={"installation_id": found})


def _client(co: Collaborators, project: Project) -> Client:
    made = client_of(co, project, project.name, None)
    exchange = quick(made.read.exchange)
    return replace(
        made,
        read=replace(made.read, exchange=exchange),
        report=replace(made.report, exchange=exchange),
    )


def _identity(project: Project, known: KnownRepository) -> Iterator[Finding]:
    kind = "private" if known.private else "public"
    yield Finding("ok", project.name, f"GitHub shows it, a {kind} one, as {known.full_name}")
    if project.repository_id not in (None, known.id):
        says = (
            f"it is not the repository that was registered (number {project.repository_id}, now "
            f"{known.id}): register it anew if that is wanted"
        )
        yield Finding("wrong", project.name, says)
    if known.archived:
        yield Finding("warning", project.name, "it is archived: nobody can push to it")


def _rights(
    co: Collaborators, project: Project, client: Client, known: KnownRepository
) -> Iterator[Finding]:
    from chalicelib.github.client import inspection
    from chalicelib.github.client.errors import NotAllowed, NotFound, Refused

    about, who = project.name, client.read.access.who
    exchange, access = client.read.exchange, client.read.access
    missing = []
    if client.checks and project.installation_id is not None:
        app = build_side(co).github.github().app_access()
        found = [
            each
            for each in inspection.installations(exchange, app)
            if each.id == project.installation_id
        ]
        missing = lacking(found[0].permissions) if found else []
    else:
        try:
            client.read.commit(known.full_name, known.default_branch)
        except (NotAllowed, NotFound):
            missing.append("Contents: read")
        except Refused as refused:
            # 409: nothing was pushed to it yet.
            if refused.status not in (409, 422):
                raise
        if not inspection.may_read_pull_requests(exchange, access, known.full_name):
            missing.append("Pull requests: read")
        if not inspection.may_set_statuses(exchange, access, known.full_name):
            missing.append("Commit statuses: write")
    if missing:
        yield Finding("wrong", about, f"{who} lacks {', '.join(missing)}")
    else:
        kind = "check runs" if client.checks else "statuses"
        yield Finding("ok", about, f"{who} may read it and set {kind}")


def _checkout(
    co: Collaborators, project: Project, client: Client, known: KnownRepository
) -> Iterator[Finding]:
    """What a job of a private repository is checked out with."""
    from pydantic import SecretStr

    github = build_side(co).github.github()
    if project.checkout_token_at is not None:
        token = co.project_tokens.get(project.name)
        if token is None:
            says = "its checkout token is gone: 'towline project set NAME --checkout-token -'"
            yield Finding("wrong", CHECKOUT, says)
            return
        yield from token_findings(quick(github.exchange), token, CHECKOUT)
        reader = github.for_token(SecretStr(token), f"{project.name}'s checkout").read
        reader = replace(reader, exchange=quick(reader.exchange))
        reader.commit(known.full_name, known.default_branch)
        yield Finding("ok", CHECKOUT, "the project's checkout token reads it")
    elif client.checks:
        yield Finding("ok", CHECKOUT, "each job gets a token of the App's that reads it alone")
    elif project.token_secret is not None:
        says = f"jobs check it out with the secret {project.token_secret}"
        yield Finding("ok", CHECKOUT, says)
    else:
        says = (
            "it is private, and nothing checks it out: give it a token that reads it, with "
            "'towline project set NAME --checkout-token -'"
        )
        yield Finding("wrong", CHECKOUT, says)
