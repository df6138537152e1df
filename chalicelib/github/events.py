"""What a delivery says, as far as it matters here: small frozen values that can be stored as JSON.

GitHub's payloads have hundreds of fields and gain new ones; each value keeps what a build is made
from. ``read_event`` makes them, ``stored_event`` reads them back.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from chalicelib.domain.model import Stored, Timestamp


class Repository(Stored):
    """A repository on GitHub: ``name`` is ``owner/repo`` as spelt there, and may change."""

    id: int
    name: str
    private: bool = True
    default_branch: str | None = None


class _Happened(Stored):
    """What every event of one repository has."""

    repository: Repository
    installation_id: int | None = Field(
        default=None, description="the App's installation; null: the webhook is the repository's"
    )
    sender: str = Field(default="", description="login of whoever caused it")


class CommitEvent(_Happened):
    """A commit that may be built: a push of a branch or tag, a pull request that has changed, or a
    branch whose schedule is due (which GitHub tells nobody of)."""

    type: Literal["commit"] = "commit"
    kind: Literal["push", "pull_request", "schedule"]
    action: str = Field(default="", description="of a pull request: opened, synchronize, reopened")
    sha: str = Field(description="what is built, and where statuses go; of a pull request its head")
    ref: str = Field(description="full name under which the base repository has ``sha``")
    merge_ref: str | None = Field(default=None, description="refs/pull/N/merge; may be missing yet")
    branch: str | None = Field(
        default=None, description="pushed, or the one the pull request is to be merged into"
    )
    tag: str | None = Field(default=None, description="instead of a branch")
    base_sha: str | None = Field(
        default=None, description="the ref before the push, or the pull request's base; null: new"
    )
    pull_request: int | None = None
    head_branch: str | None = Field(default=None, description="of a pull request")
    head_repository: str | None = Field(
        default=None, description="of a pull request; null when it was deleted"
    )
    from_fork: bool = Field(
        default=False, description="a pull request from elsewhere, or from nobody knows where"
    )
    author_association: str | None = Field(
        default=None, description="GitHub's word for what the author is to the repository"
    )
    author: str = Field(default="", description="login, or a name where there is no account")
    title: str = Field(default="", description="the pull request's, or the message's first line")
    message: str = Field(
        default="", description="the commit's; of a pull request empty: ask GitHub for it"
    )
    paths: tuple[str, ...] | None = Field(
        default=None, description="changed files; null: not told here, ask GitHub"
    )
    schedule: str | None = Field(default=None, description="name of the schedule that was due")
    created: bool = Field(default=False, description="the push made the ref")
    forced: bool = Field(default=False, description="the push threw commits away")


class RefDeleted(_Happened):
    """A branch or tag is gone: there is nothing to build, and what runs for it may end."""

    type: Literal["ref_deleted"] = "ref_deleted"
    ref: str
    branch: str | None = None
    tag: str | None = None


class RepositoryChanged(_Happened):
    """A repository has another name, owner or default branch, was archived, or is gone."""

    type: Literal["repository"] = "repository"
    action: str = Field(
        description="renamed, transferred, deleted, archived, unarchived, edited (default branch)"
    )


class CheckRequest(_Happened):
    """Somebody pressed a button at a check run or a suite."""

    type: Literal["check_request"] = "check_request"
    asked: str = Field(description="rerun, or the identifier of a button of ours")
    sha: str
    suite_id: int | None = None
    run_id: int | None = Field(default=None, description="null: all runs of the suite")
    run_name: str | None = None
    external_id: str = Field(default="", description="ours, as the check run was created with it")
    branch: str | None = None
    pull_requests: tuple[int, ...] = ()
    app_id: int | None = Field(default=None, description="whose check it is: must be ours")


class NamedRepository(Stored):
    """A repository in an installation event, which tells no more of it."""

    id: int
    name: str
    private: bool = True


class InstallationChanged(Stored):
    """The App was installed or removed somewhere, or may see other repositories than before."""

    type: Literal["installation"] = "installation"
    action: str = Field(
        description="created, deleted, suspend, unsuspend, new_permissions_accepted, added, removed"
    )
    installation_id: int
    account: str
    sender: str = ""
    added: tuple[NamedRepository, ...] = ()
    removed: tuple[NamedRepository, ...] = ()
    complete: bool = Field(
        default=True, description="whether all were listed; otherwise ask GitHub for them"
    )


class Ping(Stored):
    """GitHub tries the webhook, when it is made and when its owner asks for it."""

    type: Literal["ping"] = "ping"
    hook_id: int | None = None
    repository: str | None = None


class Ignored(Stored):
    """Nothing follows from it: to be answered 204. ``reason`` is for logs."""

    type: Literal["ignored"] = "ignored"
    event: str
    action: str = ""
    reason: str


class Registered(Stored):
    """Our own: a project was registered, or reaches GitHub in another way than before."""

    type: Literal["registered"] = "registered"
    project: str


class ScheduleDue(Stored):
    """Our own: a schedule's time has come."""

    type: Literal["schedule_due"] = "schedule_due"
    project: str
    schedule: str
    branch: str | None = Field(default=None, description="null: the default one")
    due_at: Timestamp


Event = (
    CommitEvent
    | RefDeleted
    | RepositoryChanged
    | CheckRequest
    | InstallationChanged
    | Ping
    | Ignored
)
"""What GitHub tells."""
Work = Event | Registered | ScheduleDue
"""What is stored to be done, one after the other within a project."""


@cache
def _adapter() -> TypeAdapter[Work]:
    return TypeAdapter(Annotated[Work, Field(discriminator="type")])


def stored_event(text: str) -> Work:
    """An event from the JSON of its ``model_dump_json``. Raises ``ValueError`` otherwise."""
    return _adapter().validate_json(text)
