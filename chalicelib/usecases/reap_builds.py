"""The backstop of builds: deliveries and builds that nobody has worked on are queued again."""

from __future__ import annotations

import logging

from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.collaborators import Collaborators

MOST = 100

log = logging.getLogger("towline.usecases")


def reap_builds(co: Collaborators) -> int:
    """Queue what is due; how much it was. Two Queries where nothing is. Repeatable.

    What one pass sends is not sent again within its minute, and only ids are: whoever gets one
    reads how things stand. Trouble is logged, as the next pass comes in a minute.
    """
    side = co.builds
    if side is None:
        return 0
    now = co.clock()
    minute = int(now.timestamp()) // 60
    sent = 0
    try:
        for delivery_id in side.deliveries.due(now, MOST):
            delivery = side.deliveries.get(delivery_id)
            if delivery is not None and not delivery.done:
                unique = f"{delivery_id}#{minute}"
                side.queue.send(delivery_id, group=delivery.group, unique=unique)
                sent += 1
        for build_id in side.store.due(now, MOST):
            side.notices.send(build_id, group=build_id, unique=f"{build_id}#{minute}")
            sent += 1
    except ServiceTrouble as trouble:
        log.warning("builds and deliveries that are due were not all queued: %s", trouble)
    if sent:
        log.info("%d deliveries and builds were queued again", sent)
    return sent
