"""What is kept of GitHub's answers; the rest of them is ignored."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from chalicelib.github.client.errors import Misunderstood


class Known(BaseModel):
    """A part of an answer. GitHub adds fields, so unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class KnownRepository(Known):
    """``GET /repos/{owner}/{repo}``. ``full_name`` is the present one, also after a rename."""

    id: int
    full_name: str
    private: bool
    default_branch: str
    archived: bool = False
    fork: bool = False


class ListedRepository(Known):
    """One of those that an installation may see."""

    id: int
    full_name: str
    private: bool
    default_branch: str | None = None


class _Owner(Known):
    login: str


class _Repo(Known):
    id: int
    full_name: str


class Side(Known):
    """Head or base of a pull request. ``repo`` is missing once the fork is deleted."""

    ref: str
    sha: str
    repo: _Repo | None = None


class PullRequest(Known):
    """``GET /repos/{owner}/{repo}/pulls/{number}``.

    ``mergeable`` is null while GitHub finds out; ``merge_commit_sha`` then is an older merge's.
    """

    number: int
    state: str
    title: str
    user: _Owner | None = None
    author_association: str
    head: Side
    base: Side
    merged: bool = False
    mergeable: bool | None = None
    merge_commit_sha: str | None = None
    changed_files: int = 0

    @property
    def from_fork(self) -> bool:
        """Whether the head is from elsewhere, or from nobody knows where."""
        return (
            self.head.repo is None
            or self.base.repo is None
            or (self.head.repo.id != self.base.repo.id)
        )


class ChangedFile(Known):
    """One file of a comparison or pull request."""

    filename: str
    previous_filename: str | None = None


class Comparison(Known):
    """``status`` is of the head: ahead, behind, diverged or identical."""

    status: str
    files: tuple[ChangedFile, ...] | None = None


class _Message(Known):
    message: str = ""


class _CommitAuthor(Known):
    login: str | None = None


class Commit(Known):
    """``GET /repos/{owner}/{repo}/commits/{ref}``."""

    sha: str
    commit: _Message = Field(default_factory=_Message)
    author: _CommitAuthor | None = None

    @property
    def message(self) -> str:
        """The commit's whole message."""
        return self.commit.message

    @property
    def login(self) -> str:
        """Its author's, where there is an account."""
        return (self.author.login if self.author else None) or ""


class Permission(Known):
    """What somebody may do in a repository: admin, write, read or none, whatever the role's name.
    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """

    permission: str


class CheckRunAnswer(Known):
    """A check run as GitHub has it."""

    id: int
    head_sha: str
    name: str
    external_id: str | None = None
    status: str
    conclusion: str | None = None


class CommitStatusAnswer(Known):
    """A commit status as GitHub has it."""

    id: int
    state: str
    context: str
    created_at: AwareDatetime | None = None


_Kind = TypeVar("_Kind", bound=Known)


def read(kind: type[_Kind], data: Any) -> _Kind:
    """Raises ``Misunderstood`` that names the fields, and quotes nothing."""
    try:
        return kind.model_validate(data)
    except ValidationError as wrong:
        fields = sorted({".".join(map(str, error["loc"])) for error in wrong.errors()})
        raise Misunderstood(
            f"GitHub's answer lacks what it should have: {', '.join(fields)[:200] or 'all of it'}"
        ) from None


def read_list(kind: type[_Kind], data: Any, key: str | None = None) -> list[_Kind]:
    """A list, or the one below ``key``. Raises ``Misunderstood``."""
    found = data.get(key) if key is not None and isinstance(data, dict) else data
    if not isinstance(found, list):
        raise Misunderstood("GitHub's answer is not the list that it should be")
    return [read(kind, each) for each in found]
