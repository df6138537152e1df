"""Projects' schedules: kept as the default branch's file has them, started when they are due."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.model import stamp
from chalicelib.domain.project import Project
from chalicelib.domain.timetable import Timetable, TimetableEntry
from chalicelib.github.events import ScheduleDue
from chalicelib.ports import ServiceTrouble
from chalicelib.repofile.repository_file import Schedule
from chalicelib.repofile.timetable import moved_on, renewed
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.own_delivery import queue_own, store_own

MOST = 100
"""Projects looked at in one pass; the next one, a minute later, takes the rest."""
ROUNDS = 5
MOST_SAID = 300

log = logging.getLogger("towline.usecases")


def start_due(co: Collaborators) -> int:
    """Have a build made for each schedule that is due; how many. Repeatable, and safe beside
    another pass: a due time makes one build. One Query where nothing is due.

    Trouble is logged, as the next pass comes in a minute.
    """
    side = co.builds
    if side is None:
        return 0
    try:
        names = side.timetables.due(co.clock(), MOST)
    except ServiceTrouble as trouble:
        log.warning("the schedules that are due could not be listed: %s", trouble)
        return 0
    return sum(_start_safely(co, side, name) for name in names)


def _start_safely(co: Collaborators, side: BuildSide, name: str) -> int:
    try:
        return _start(co, side, name)
    except ServiceTrouble as trouble:
        log.warning("the schedules of %s were not all started: %s", name, trouble)
    except Exception:
        # Whatever is wrong with this one, the others must not wait for it.
        log.exception("the schedules of %s could not be started; the next pass tries again", name)
    return 0


def _start(co: Collaborators, side: BuildSide, name: str) -> int:
    timetable, project = side.timetables.get(name), co.projects.get(name)
    if timetable is None:
        return 0
    if project is None:
        side.timetables.remove(name)
        return 0
    after, due = moved_on(timetable, co.clock())
    if not project.enabled:
        said = "not started, as the project was disabled"
        side.timetables.put(_said(after, [entry.name for entry in due], said))
        return 0
    stored = [_store(co, side, name, entry) for entry in due]
    # Whoever dies before this leaves it due, and what is stored is known to the next pass.
    if not side.timetables.put(after):
        return 0
    # Sent last, as what comes of it is noted in the timetable.
    for delivery in stored:
        queue_own(side, delivery)
    return len(due)


def _store(
    co: Collaborators, side: BuildSide, project: str, entry: TimetableEntry
) -> StoredDelivery:
    event = ScheduleDue(
        project=project, schedule=entry.name, branch=entry.branch, due_at=entry.next_at
    )
    unique = f"schedule/{project}/{entry.name}/{stamp(entry.next_at)}"
    return store_own(co, side, event, unique)


def keep_schedules(
    co: Collaborators,
    side: BuildSide,
    project: Project,
    schedules: Sequence[Schedule],
    as_of: datetime,
) -> None:
    """The default branch's file has these. Repeatable; one read where there are none.

    Raises ``ServiceTrouble``.
    """
    for _ in range(ROUNDS):
        before = side.timetables.get(project.name)
        if before is None and not schedules:
            return
        after = renewed(before, schedules, project=project.name, now=co.clock(), as_of=as_of)
        if after == before or side.timetables.put(after):
            return
    raise ServiceTrouble(f"the timetable of {project.name} is being changed all the time")


def note(side: BuildSide, event: ScheduleDue, said: str) -> None:
    """Keep what came of a due time, for whoever asks. Not worth any trouble."""
    try:
        for _ in range(ROUNDS):
            timetable = side.timetables.get(event.project)
            if timetable is None:
                return
            names = [e.name for e in timetable.entries if e.last_at == event.due_at]
            if event.schedule not in names:
                return
            written = {"version": timetable.version + 1}
            if side.timetables.put(
                _said(timetable.model_copy(update=written), [event.schedule], said)
            ):
                return
    except ServiceTrouble as trouble:
        log.warning("what came of a schedule of %s is not noted: %s", event.project, trouble)


def _said(timetable: Timetable, names: Sequence[str], said: str) -> Timetable:
    entries = tuple(
        entry.model_copy(update={"said": said[:MOST_SAID]}) if entry.name in names else entry
        for entry in timetable.entries
    )
    return timetable.model_copy(update={"entries": entries})
