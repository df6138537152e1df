"""A repository's own changes: https://docs.github.com/en/webhooks/webhook-events-and-payloads#repository"""

from __future__ import annotations

from chalicelib.github.events import Event, Ignored, RepositoryChanged
from chalicelib.github.payload_fields import Wire, WireEvent, Word
from chalicelib.github.push_event import repository_of

FOLLOWED = ("renamed", "transferred", "deleted", "archived", "unarchived")


class _WireDefaultBranch(Wire):
    pass


class _WireChanges(Wire):
    default_branch: _WireDefaultBranch | None = None


class _WireAction(Wire):
    action: Word
    changes: _WireChanges | None = None


def read_repository(payload: bytes) -> Event:
    """What matters to a registered project. Raises ``ValidationError``."""
    head = _WireAction.model_validate_json(payload)
    branch_changed = head.changes is not None and head.changes.default_branch is not None
    if head.action not in FOLLOWED and not (head.action == "edited" and branch_changed):
        return Ignored(event="repository", action=head.action, reason="nothing follows from it")
    event = WireEvent.model_validate_json(payload)
    return RepositoryChanged(
        action=head.action,
        repository=repository_of(event.repository),
        installation_id=event.installation.id if event.installation else None,
        sender=event.sender.login if event.sender else "",
    )
