"""A branch or tag is gone: what was being built of it ends."""

from __future__ import annotations

import logging

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.build_record import BuildRecord
from chalicelib.github.events import RefDeleted
from chalicelib.usecases.cancel_build import cancel_build
from chalicelib.usecases.collaborators import Collaborators

NEWEST = 50
"""Builds of a project among which those of the branch are looked for."""

log = logging.getLogger("towline.builds")


def take_ref_deleted(
    co: Collaborators, side: BuildSide, delivery: StoredDelivery, event: RefDeleted
) -> str:
    """What was done, in words. Repeatable. What came after the deletion goes on.

    A commit that another branch has, too, goes on as well: both tell under the same names, so
    the cancellation would be what that branch shows.
    """
    found = [
        build
        for build in side.store.unfinished(delivery.group, NEWEST)
        if build.id < delivery.build_id and _is_of(build, event)
    ]
    if not found:
        return "nothing was being built of it"
    ended = 0
    newest = side.store.page(delivery.group, limit=NEWEST).builds
    for build in found:
        if any(_tells_the_same(other, build) and not _is_of(other, event) for other in newest):
            continue
        what = f"tag {event.tag}" if event.tag is not None else f"branch {event.branch}"
        log.info("build %s ends, as %s was deleted", build.id, what)
        cancel_build(co, build.id, f"the {what} was deleted")
        ended += 1
    return "1 build was cancelled" if ended == 1 else f"{ended} builds were cancelled"


def _is_of(build: BuildRecord, event: RefDeleted) -> bool:
    """Of a pull request the head is meant: with it GitHub closes the pull request."""
    if build.pull_request is not None:
        own = not build.from_fork and event.branch is not None
        return own and build.head_branch == event.branch
    if event.tag is not None:
        return build.tag == event.tag
    return build.branch == event.branch


def _tells_the_same(other: BuildRecord, build: BuildRecord) -> bool:
    """On the same commit, under the same names."""
    if build.schedule is not None or other.sha != build.sha:
        return False
    kinds = (each.kind == "push" and each.tag is None for each in (other, build))
    return all(kinds)
