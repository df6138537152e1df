"""Slots of projects with a limit: taken at a launch, given up at an end, handed to who waits.

Each move is one transaction with the job's own change (``project_port.ProjectSlots``). What is left
to crashes is only the message that sends an heir on, and the reaper sends that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from chalicelib.domain.change import Change
from chalicelib.domain.job import Job
from chalicelib.domain.retry_policy import capacity_of_next_attempt
from chalicelib.domain.slot_transitions import give_slot, wait_for_slot
from chalicelib.domain.transitions import begin_attempt
from chalicelib.ports import Conflict, ServiceTrouble
from chalicelib.project_port import Heir, NoSlot, NotHanded, SlotsFree
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.submit import send

ROUNDS = 4
"""Tries while others take and free the same slots; the reaper comes back to what is left."""
MOST_SENT = 25
"""Waiting jobs that one pass sends on; the next pass takes the rest."""

log = logging.getLogger("towline.usecases")


def begin_in_slot(co: Collaborators, job: Job, release: str) -> Job | None:
    """Take a queued job with a slot to ``starting``; None: it waits for one now.

    Repeatable. Raises ``Conflict`` when the job is no longer as it was read.
    """
    number = job.attempt + 1
    capacity = capacity_of_next_attempt(job) if job.attempt else None
    for _ in range(ROUNDS):
        now = co.clock()
        begin = begin_attempt(number, release=release, now=now, capacity=capacity, limited=True)
        try:
            return co.slots.take(job, begin, now=now)
        except NoSlot:
            pass
        try:
            co.slots.wait(job, wait_for_slot(job, now=now), now=now)
        except SlotsFree:
            continue
        log.info("it waits for a slot of project %s", job.project)
        return None
    raise ServiceTrouble(f"the slots of project {job.project} change too fast")


def end_in_slot(co: Collaborators, job: Job, change: Change) -> Job:
    """Apply a change that ends the job or its attempt, and pass its slot on.

    Raises ``Conflict`` when the job is no longer what was judged.
    """
    heir_id = ""
    for _ in range(0 if job.waiting_since else ROUNDS):
        now = co.clock()
        line = [i for i in co.slots.waiting(job.project, after=heir_id, limit=2) if i != job.id]
        if not line:
            break
        heir_id = line[0]
        try:
            done = co.slots.leave(job, change, Heir(heir_id, give_slot(now=now)), now=now)
        except NotHanded:
            continue
        log.info("its slot goes to job %s", heir_id)
        send(co, heir_id)
        return done
    now = co.clock()
    try:
        done = co.slots.leave(job, change, None, now=now)
    except NotHanded:  # the table has nothing of such slots
        return co.store.apply(job.id, change, now=now)
    send_waiting_safely(co, [job.project])
    return done


def send_waiting_safely(co: Collaborators, projects: Iterable[str]) -> int:
    """As ``send_waiting`` for each; trouble is logged, as the reaper comes again."""
    sent = 0
    for project in projects:
        try:
            sent += send_waiting(co, project)
        except ServiceTrouble as trouble:
            log.warning("jobs of %s that wait for a slot were not sent on: %s", project, trouble)
    return sent


def send_waiting(co: Collaborators, project: str) -> int:
    """Hand free slots to the jobs that wait longest, and send them on; how many it was.

    Repeatable, and safe beside another one.
    """
    sent, last = 0, ""
    for _ in range(MOST_SENT):
        line = co.slots.waiting(project, after=last)
        if not line:
            break
        [last] = line
        now = co.clock()
        try:
            co.slots.hand(project, Heir(last, give_slot(now=now)), now=now)
        except NoSlot:
            break
        except Conflict:
            continue  # launched, or cancelled and about to leave the line
        send(co, last)
        sent += 1
    return sent
