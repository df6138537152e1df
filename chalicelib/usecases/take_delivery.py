"""What follows from an accepted delivery: a build, a rerun, an approval, a project's settings."""

from __future__ import annotations

import logging
from datetime import timedelta

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.github.events import (
    CheckRequest,
    CommitEvent,
    InstallationChanged,
    RefDeleted,
    Registered,
    RepositoryChanged,
    ScheduleDue,
    stored_event,
)
from chalicelib.usecases.build_side import build_side
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownProject
from chalicelib.usecases.github_trouble import count_refused
from chalicelib.usecases.own_delivery import own_words

GIVEN_UP = timedelta(hours=24)

log = logging.getLogger("towline.builds")


def take_delivery(co: Collaborators, delivery_id: str) -> str:
    """Do what the delivery asks for; what was done, in words. Repeatable after any crash.

    When GitHub wants to be asked later, the delivery is put off in the table, where the reaper
    finds it: nothing waits on the queue, where it would hold up what comes after it.
    Raises ``ServiceTrouble``: then the message comes again.
    """
    from chalicelib.github.client.errors import GitHubError, TryLater

    side = build_side(co)
    delivery = side.deliveries.get(delivery_id)
    if delivery is None:
        return "there is no such delivery"
    if delivery.done:
        return delivery.done
    called = own_words(delivery) or f"delivery {delivery.id}"
    try:
        done = _work(co, side, delivery)
    except TryLater as later:
        now = co.clock()
        if now - delivery.received_at > GIVEN_UP:
            count_refused(co, later, None)
            done = f"given up after a day: {later}"
        else:
            log.warning("%s is put off: %s", called, later)
            co.meter.count("DeliveriesPutOff")
            side.deliveries.put_off(delivery, now + timedelta(seconds=later.after_s))
            return "put off"
    except GitHubError as trouble:
        log.error("%s: %s", called, trouble)
        count_refused(co, trouble, co.projects.find(delivery.group))
        done = f"it could not be done: {trouble}"
    except UnknownProject:
        # Removed while this was being done. What is told of it must not register it again.
        done = "the project is not registered any more"
    log.info("%s: %s", called, done)
    side.deliveries.done(delivery, done)
    return done


def _work(co: Collaborators, side: BuildSide, delivery: StoredDelivery) -> str:
    event = stored_event(delivery.event)
    if isinstance(event, CommitEvent):
        from chalicelib.usecases.make_build import make_build

        return make_build(co, delivery, event)
    if isinstance(event, CheckRequest):
        from chalicelib.usecases.check_request import take_check_request

        return take_check_request(co, side, delivery, event)
    if isinstance(event, InstallationChanged):
        from chalicelib.usecases.installation import take_installation

        return take_installation(co, side, event)
    if isinstance(event, RefDeleted):
        from chalicelib.usecases.ref_deleted import take_ref_deleted

        return take_ref_deleted(co, side, delivery, event)
    if isinstance(event, RepositoryChanged):
        from chalicelib.usecases.repository_changed import take_repository

        return take_repository(co, side, delivery, event)
    if isinstance(event, ScheduleDue):
        from chalicelib.usecases.scheduled_build import make_scheduled

        return make_scheduled(co, side, delivery, event)
    if isinstance(event, Registered):
        from chalicelib.usecases.refresh_project import refresh_project

        return refresh_project(co, side, delivery, event)
    return "nothing follows from it"
