"""Take a delivery of GitHub's: checked, stored once, and its id queued. GitHub is asked nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.ids import new_id
from chalicelib.domain.project_trouble import trouble_words
from chalicelib.github.deliveries import Delivery, receive, signer
from chalicelib.github.events import (
    CheckRequest,
    CommitEvent,
    Event,
    Ignored,
    InstallationChanged,
    Ping,
    RefDeleted,
    RepositoryChanged,
)
from chalicelib.github.read_event import read_event
from chalicelib.github.refusal import Refusal
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.build_side import build_side
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.known_repository import is_the_one, project_of

RESEND = timedelta(minutes=2)
"""A delivery that nobody has worked on for so long is sent again by the reaper."""

log = logging.getLogger("towline.builds")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it, in words for GitHub's page of the delivery. ``status`` is the answer's:
    202 work follows, 200 a ping, 204 nothing follows, 4xx it was refused."""

    status: int
    what: str
    reason: str = ""
    """One fixed word, where it was refused."""
    build_id: str = ""
    """Of the build that it makes, unless its file has nothing to run for it; '' where none can be.
    A repeat of one that was worked on has it only if there is one."""
    signed_with: str = ""
    """While two secrets are valid, which of them it was signed with: both may have been."""


def take_webhook(co: Collaborators, headers: Mapping[str, str], body: bytes) -> Taken:
    """Check, store and queue one delivery. Repeatable: the same one is stored and built once.

    Raises ``NoBuilds``, and ``ServiceTrouble`` when it could not be stored: then it was not taken,
    and GitHub shows it as failed, to be delivered again.
    """
    side = build_side(co)
    secrets = side.webhook_secrets.secrets()
    delivery = receive(headers, body, list(secrets.values()))
    if isinstance(delivery, Refusal):
        return _refused(delivery)
    taken = _take(co, side, delivery)
    return replace(taken, signed_with=signer(headers, body, secrets)) if len(secrets) > 1 else taken


def _take(co: Collaborators, side: BuildSide, delivery: Delivery) -> Taken:
    event = read_event(delivery)
    if isinstance(event, Refusal):
        return _refused(event)
    if isinstance(event, Ping):
        return Taken(200, "pong")
    if isinstance(event, Ignored):
        return Taken(204, event.reason)
    if isinstance(event, InstallationChanged):
        return _accept(co, side, delivery, event, f"installation/{event.installation_id}")
    return _of_repository(co, side, delivery, event)


def _of_repository(
    co: Collaborators,
    side: BuildSide,
    delivery: Delivery,
    event: CommitEvent | CheckRequest | RefDeleted | RepositoryChanged,
) -> Taken:
    repository = event.repository
    project = project_of(co, repository)
    if project is None:
        log.info("delivery %s: %s is not registered here", delivery.id, repository.name)
        return Taken(204, f"{repository.name} is not registered here")
    if not is_the_one(project, repository):
        log.warning("delivery %s: %s is another repository now", delivery.id, repository.name)
        return Taken(204, f"{repository.name} is not the repository that was registered")
    if not project.enabled and isinstance(event, CommitEvent | CheckRequest):
        why = f": {trouble_words(project.trouble, project.name)}" if project.trouble else ""
        log.info("delivery %s: %s is disabled%s", delivery.id, repository.name, why)
        return Taken(204, f"{repository.name} is disabled{why}")
    return _accept(co, side, delivery, event, project.name)


def _accept(
    co: Collaborators, side: BuildSide, delivery: Delivery, event: Event, group: str
) -> Taken:
    now = co.clock()
    wanted = StoredDelivery(
        id=delivery.id,
        digest=delivery.digest,
        event=event.model_dump_json(exclude_none=True),
        group=group,
        build_id=new_id(now, co.random_bytes(10)),
        received_at=now,
    )
    stored, new = side.deliveries.accept(wanted, due_at=now + RESEND)
    build_id = stored.build_id if isinstance(event, CommitEvent | CheckRequest) else ""
    if stored.done:
        return Taken(202, stored.done, build_id=build_id if build_id in stored.done else "")
    try:
        # A repeat is queued again: perhaps the first one's message was never sent.
        side.queue.send(stored.id, group=stored.group, unique=stored.id)
    except ServiceTrouble as trouble:
        log.warning("delivery %s was not queued, the reaper will do it: %s", stored.id, trouble)
    if new:
        log.info("delivery %s accepted for %s", stored.id, group)
    return Taken(202, "accepted" if new else "accepted before", build_id=build_id)


def _refused(refusal: Refusal) -> Taken:
    log.warning("a delivery was refused: %s", refusal.message)
    return Taken(refusal.status, refusal.message, refusal.reason.value)
