"""Why a project no longer works with GitHub, in a word that is kept and in words for people."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from chalicelib.domain.model import Stored, Timestamp


class TroubleKind(StrEnum):
    """What GitHub told of the App or of the repository."""

    APP_REMOVED = "app_removed"
    APP_SUSPENDED = "app_suspended"
    APP_LOST = "app_lost"
    """The App is installed, and may no longer see this repository."""
    ARCHIVED = "archived"
    DELETED = "deleted"
    TRANSFERRED = "transferred"


OF_THE_APP = (TroubleKind.APP_REMOVED, TroubleKind.APP_SUSPENDED, TroubleKind.APP_LOST)
"""Over as soon as an event comes by an installation, or the project has a token of its own. The
others disable the project."""


class ProjectTrouble(Stored):
    """One trouble, the last."""

    kind: TroubleKind
    at: Timestamp
    who: str = Field(default="", description="login of whoever did it, if it was told")
    where: str = Field(default="", description="the account, or the repository's present name")


_WORDS = {
    TroubleKind.APP_REMOVED: (
        "the GitHub App was uninstalled{where}{who}{at}: install it again, or store a token"
    ),
    TroubleKind.APP_SUSPENDED: (
        "the GitHub App was suspended{where}{who}{at}: unsuspend it in GitHub's settings"
    ),
    TroubleKind.APP_LOST: (
        "the GitHub App may no longer see the repository{who}{at}: add it to the installation's "
        "repositories"
    ),
    TroubleKind.ARCHIVED: "the repository was archived{who}{at}: it takes no statuses",
    TroubleKind.DELETED: "the repository was deleted{who}{at}",
    TroubleKind.TRANSFERRED: (
        "the repository was transferred{where}{who}{at}: its new owner decides what runs with this "
        "project's secrets; if that is meant, 'towline project set {project} --enable'"
    ),
}


def trouble_words(trouble: ProjectTrouble, project: str) -> str:
    """What happened, when, and what to do about it. Not the end of a sentence."""
    there = "to" if trouble.kind is TroubleKind.TRANSFERRED else "from"
    return _WORDS[trouble.kind].format(
        where=f" {there} {trouble.where}" if trouble.where else "",
        who=f" by {trouble.who}" if trouble.who else "",
        at=f" on {trouble.at:%Y-%m-%d}",
        project=project,
    )
