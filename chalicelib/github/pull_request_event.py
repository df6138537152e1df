"""A pull request: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request

The payload names the head's commit and its repository. The base repository has the head too, as
``refs/pull/N/head``, and the result of merging it, as ``refs/pull/N/merge``, which GitHub makes in
the background and only while the two can be merged.
"""

from __future__ import annotations

from chalicelib.github.events import CommitEvent, Event, Ignored
from chalicelib.github.payload_fields import (
    Number,
    RefName,
    Sha,
    Wire,
    WireAccount,
    WireEvent,
    WireRepository,
    Word,
)
from chalicelib.github.push_event import first_line, repository_of

BUILT = ("opened", "synchronize", "reopened")
"""Made, given other commits, or opened again."""


class _WireAction(Wire):
    action: Word


class _WireSide(Wire):
    ref: RefName
    sha: Sha
    repo: WireRepository | None = None


class _WirePullRequest(Wire):
    number: Number
    title: str = ""
    user: WireAccount | None = None
    author_association: Word | None = None
    head: _WireSide
    base: _WireSide


class _WirePullRequestEvent(WireEvent):
    pull_request: _WirePullRequest


def read_pull_request(payload: bytes) -> Event:
    """A commit to build when the pull request's commits are new. Raises ``ValidationError``."""
    action = _WireAction.model_validate_json(payload).action
    if action not in BUILT:
        return Ignored(event="pull_request", action=action, reason="its commits have not changed")
    event = _WirePullRequestEvent.model_validate_json(payload)
    asked = event.pull_request
    head, base = asked.head, asked.base
    if base.repo is not None and base.repo.id != event.repository.id:
        return Ignored(
            event="pull_request", action=action, reason="it is not meant for this repository"
        )
    sender = event.sender.login if event.sender else ""
    return CommitEvent(
        kind="pull_request",
        action=action,
        repository=repository_of(event.repository),
        installation_id=event.installation.id if event.installation else None,
        sender=sender,
        sha=head.sha,
        ref=f"refs/pull/{asked.number}/head",
        merge_ref=f"refs/pull/{asked.number}/merge",
        branch=base.ref,
        base_sha=base.sha,
        pull_request=asked.number,
        head_branch=head.ref,
        head_repository=head.repo.full_name if head.repo else None,
        # A head without a repository was deleted: nobody can tell whose it was.
        from_fork=head.repo is None or head.repo.id != event.repository.id,
        author_association=asked.author_association,
        author=asked.user.login if asked.user else sender,
        title=first_line(asked.title),
    )
