"""Where the App is installed: https://docs.github.com/en/webhooks/webhook-events-and-payloads

``installation`` tells of the whole, ``installation_repositories`` of what it may see.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.github.events import Event, Ignored, InstallationChanged, NamedRepository
from chalicelib.github.payload_fields import FullName, Id, Wire, WireAccount, Word

MOST_REPOSITORIES = 1000
"""The event is stored; whoever needs more asks GitHub."""
WHOLE = ("created", "deleted", "suspend", "unsuspend", "new_permissions_accepted")


class _WireAction(Wire):
    action: Word


class _WireNamed(Wire):
    id: Id
    full_name: FullName
    private: bool = True


class _WireInstallation(Wire):
    id: Id
    account: WireAccount | None = None


class _WireEvent(Wire):
    installation: _WireInstallation
    sender: WireAccount | None = None
    repositories: tuple[_WireNamed, ...] | None = None
    repositories_added: tuple[_WireNamed, ...] | None = None
    repositories_removed: tuple[_WireNamed, ...] | None = None


def read_installation(payload: bytes) -> Event:
    """The App was installed, removed or given other rights. Raises ``ValidationError``."""
    action = _WireAction.model_validate_json(payload).action
    if action not in WHOLE:
        return Ignored(event="installation", action=action, reason="nothing follows from it")
    event = _WireEvent.model_validate_json(payload)
    listed = event.repositories or ()
    return _changed(
        action,
        event,
        added=listed if action == "created" else (),
        removed=listed if action == "deleted" else (),
    )


def read_installation_repositories(payload: bytes) -> Event:
    """The App may see other repositories than before. Raises ``ValidationError``."""
    action = _WireAction.model_validate_json(payload).action
    if action not in ("added", "removed"):
        return Ignored(
            event="installation_repositories", action=action, reason="nothing follows from it"
        )
    event = _WireEvent.model_validate_json(payload)
    return _changed(
        action,
        event,
        added=event.repositories_added or (),
        removed=event.repositories_removed or (),
    )


def _changed(
    action: str, event: _WireEvent, *, added: Sequence[_WireNamed], removed: Sequence[_WireNamed]
) -> InstallationChanged:
    account = event.installation.account
    return InstallationChanged(
        action=action,
        installation_id=event.installation.id,
        account=account.login if account else "",
        sender=event.sender.login if event.sender else "",
        added=_named(added),
        removed=_named(removed),
        complete=max(len(added), len(removed)) <= MOST_REPOSITORIES,
    )


def _named(found: Sequence[_WireNamed]) -> tuple[NamedRepository, ...]:
    return tuple(
        NamedRepository(id=each.id, name=each.full_name, private=each.private)
        for each in found[:MOST_REPOSITORIES]
    )
