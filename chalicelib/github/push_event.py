"""A push: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push"""

from __future__ import annotations

from pydantic import Field

from chalicelib.github.events import CommitEvent, Event, Ignored, RefDeleted, Repository
from chalicelib.github.payload_fields import (
    NO_COMMIT,
    RefName,
    Sha,
    Wire,
    WireEvent,
    WireRepository,
)

BRANCH, TAG = "refs/heads/", "refs/tags/"
MOST_COMMITS = 2048
"""A payload lists no more commits of a push (GitHub's page on the event)."""
MOST_FILES = 3000
"""A payload lists no more files of one commit (the same page)."""
MOST_PATH_CHARACTERS = 64 << 10
"""The event is stored; a longer list of paths is asked for again when it is needed."""
MOST_MESSAGE_CHARACTERS = 8 << 10
MOST_TITLE_CHARACTERS = 200


class _WireAuthor(Wire):
    name: str | None = None
    username: str | None = None


class _WireCommit(Wire):
    id: Sha
    message: str = ""
    author: _WireAuthor | None = None
    added: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None
    modified: tuple[str, ...] | None = None


class _WirePush(WireEvent):
    ref: RefName
    before: Sha
    after: Sha
    created: bool = False
    deleted: bool = False
    forced: bool = False
    commits: tuple[_WireCommit, ...] = Field(default=())
    head_commit: _WireCommit | None = None


def repository_of(wire: WireRepository) -> Repository:
    """The same, as it is kept."""
    return Repository(
        id=wire.id,
        name=wire.full_name,
        private=wire.private,
        default_branch=wire.default_branch,
    )


def read_push(payload: bytes) -> Event:
    """A commit to build, or a branch or tag that is gone. Raises ``ValidationError``."""
    push = _WirePush.model_validate_json(payload)
    branch = push.ref.removeprefix(BRANCH) if push.ref.startswith(BRANCH) else None
    tag = push.ref.removeprefix(TAG) if push.ref.startswith(TAG) else None
    if branch is None and tag is None:
        return Ignored(event="push", reason="neither a branch nor a tag was pushed")
    repository = repository_of(push.repository)
    installation = push.installation.id if push.installation else None
    sender = push.sender.login if push.sender else ""
    if push.deleted or NO_COMMIT.match(push.after):
        return RefDeleted(
            repository=repository,
            installation_id=installation,
            sender=sender,
            ref=push.ref,
            branch=branch,
            tag=tag,
        )
    head = push.head_commit
    message = head.message if head else ""
    new = push.created or bool(NO_COMMIT.match(push.before))
    return CommitEvent(
        kind="push",
        repository=repository,
        installation_id=installation,
        sender=sender,
        # An annotated tag's "after" is the tag object; its commit is head_commit.
        sha=head.id if head else push.after,
        ref=push.ref,
        branch=branch,
        tag=tag,
        base_sha=None if new else push.before,
        author=_author(head) or sender,
        title=first_line(message),
        message=message[:MOST_MESSAGE_CHARACTERS],
        paths=_paths(push),
        created=new,
        forced=push.forced,
    )


def first_line(text: str) -> str:
    """What is shown of a message where there is one line for it."""
    lines = text.strip().splitlines()
    return " ".join(lines[0].split())[:MOST_TITLE_CHARACTERS] if lines else ""


def _author(head: _WireCommit | None) -> str:
    if head is None or head.author is None:
        return ""
    return (head.author.username or head.author.name or "")[:MOST_TITLE_CHARACTERS]


def _paths(push: _WirePush) -> tuple[str, ...] | None:
    """Files that the push changed, when its payload tells them all; None when it does not.

    A new ref has nothing to be compared with, and a forced push also takes changes away, which the
    lists of its new commits don't show.
    """
    commits = push.commits
    if push.created or push.forced or not 0 < len(commits) < MOST_COMMITS:
        return None
    if commits[-1].id != push.after:
        return None
    paths: set[str] = set()
    for commit in commits:
        if commit.added is None or commit.removed is None or commit.modified is None:
            return None
        files = (*commit.added, *commit.removed, *commit.modified)
        if len(files) >= MOST_FILES:
            return None
        paths.update(files)
    if sum(map(len, paths)) > MOST_PATH_CHARACTERS:
        return None
    return tuple(sorted(paths))
