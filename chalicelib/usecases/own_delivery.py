"""Work that nobody delivered: stored and queued like a delivery of GitHub's, so it is done once,
in its project's order, and again after any trouble."""

from __future__ import annotations

import hashlib
import logging

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.ids import new_id
from chalicelib.github.events import Registered, ScheduleDue
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.webhook import RESEND

OWN = "own-"

log = logging.getLogger("towline.usecases")


def accept_own(
    co: Collaborators,
    side: BuildSide,
    event: Registered | ScheduleDue,
    unique: str,
    *,
    at_once: bool = True,
) -> StoredDelivery:
    """Store it and queue it. Repeatable: what is ``unique`` is stored and done once.

    Not ``at_once``: the reaper queues it within its minute, for callers who may not, or are many.
    It does so too for what could not be sent. Raises ``ServiceTrouble`` when it could not be
    stored. No delivery of GitHub's has such an id: theirs are UUIDs.
    """
    now = co.clock()
    name = f"{OWN}{hashlib.sha256(unique.encode()).hexdigest()}"
    wanted = StoredDelivery(
        id=name,
        digest=name.removeprefix(OWN),
        event=event.model_dump_json(exclude_none=True),
        group=event.project,
        build_id=new_id(now, co.random_bytes(10)),
        received_at=now,
    )
    stored, _ = side.deliveries.accept(wanted, due_at=now + RESEND if at_once else now)
    if at_once and not stored.done:
        try:
            side.queue.send(stored.id, group=stored.group, unique=stored.id)
        except ServiceTrouble as trouble:
            log.warning("%s was not queued, the reaper will do it: %s", event.type, trouble)
    return stored


def own_words(delivery: StoredDelivery) -> str:
    """What logs call it; '' for one of GitHub's."""
    return f"work for {delivery.group}" if delivery.id.startswith(OWN) else ""
