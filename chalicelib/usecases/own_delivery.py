"""Work that nobody delivered: stored and queued like a delivery of GitHub's, so it is done once,
in its project's order, and again after any trouble."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.ids import new_id
from chalicelib.github.events import Registered, ScheduleDue
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.webhook import RESEND

OWN = "own-"

log = logging.getLogger("towline.usecases")


def store_own(
    co: Collaborators,
    side: BuildSide,
    event: Registered | ScheduleDue,
    unique: str,
    *,
    wait: timedelta = RESEND,
) -> StoredDelivery:
    """Store it, to be queued. Repeatable: what is ``unique`` is stored and done once.

    After ``wait`` the reaper queues what nobody has worked on, so whoever dies before
    ``queue_own``, or may not send, loses nothing. Raises ``ServiceTrouble``. No delivery of
    GitHub's has such an id: theirs are UUIDs.
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
    return side.deliveries.accept(wanted, due_at=now + wait)[0]


def queue_own(side: BuildSide, delivery: StoredDelivery) -> None:
    """Have it done now. Repeatable. Trouble is logged, as the reaper sends it then."""
    if delivery.done:
        return
    try:
        side.queue.send(delivery.id, group=delivery.group, unique=delivery.id)
    except ServiceTrouble as trouble:
        log.warning("%s was not queued, the reaper will do it: %s", own_words(delivery), trouble)


def own_words(delivery: StoredDelivery) -> str:
    """What logs call it; '' for one of GitHub's."""
    return f"work for {delivery.group}" if delivery.id.startswith(OWN) else ""
