"""Something of a build has changed: take it on, then tell GitHub how it stands now.

What is told is always the state that is in the table, never the change that a message was about.
One teller at a time has a lease, so that an older state can't come after a newer one; what was told
is written down by conditional writes. A crash leaves the lease to run out and the rest to be told
again.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from chalicelib.build_ports import BuildChanged, BuildSide, Sent
from chalicelib.domain.build_record import BuildRecord
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.advance import advance
from chalicelib.usecases.build_side import BACKSTOP, build_side
from chalicelib.usecases.build_told import marks
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.github_trouble import RefusedFor, count_refused
from chalicelib.usecases.teller import Teller, Told

LEASE = timedelta(seconds=330)
"""Longer than the function's timeout: when it is over, whoever had it is dead."""
LATE = timedelta(minutes=15)
"""For so long what GitHub shows may be old before somebody should look."""
MOST_TOLD = 40
"""Names told in one pass, some 20 s; a message to ourselves goes on with the others."""
MENDABLE = (RefusedFor.CREDENTIALS, RefusedFor.PROJECT)
"""Somebody may give another key or token: then all of it is told after all."""
MENDED_S = 600.0
GIVEN_UP = timedelta(days=1)
ROUNDS = 5
TROUBLE_S = 30.0

log = logging.getLogger("towline.usecases")


def notify(co: Collaborators, message: str) -> None:
    """Take a message: a build's id, with that of the one job that has changed, or alone.

    Repeatable, and safe beside another one. Raises ``ServiceTrouble``: then it comes again. When
    GitHub wants to be asked later, the build is noted for the reaper, and nothing waits.
    """
    build_id, _, job_id = message.partition(" ")
    build = advance(co, build_id, job_id or None)
    if build is None:
        log.warning("there is no build %s to tell of", build_id[:64])
        return
    side = build_side(co)
    for _ in range(ROUNDS):
        told = _tell(co, side, build)
        if not told:
            return
        # Whoever wrote while we told found the lease taken, and left it to us.
        newer = side.store.get(build.id)
        if newer is None or newer.version == build.version:
            break
        build = newer
    if build.final:
        side.store.remind(build, None)
    elif not job_id:
        side.store.remind(build, co.clock() + BACKSTOP)


def _tell(co: Collaborators, side: BuildSide, build: BuildRecord) -> bool:
    """Tell what is new of this version; whether all of it was."""
    now = co.clock()
    sent = side.store.sent(build.id)
    if sent.version >= build.version:
        return True
    if sent.not_before is not None and now < sent.not_before:
        co.meter.count("NoticesPutOff")
        side.store.remind(build, sent.not_before)
        return False
    if sent.lease_until is not None and now < sent.lease_until:
        # A live one will see this version; after a dead one the reaper comes.
        side.store.remind(build, sent.lease_until)
        return False
    died = sent.lease_until is not None
    begun = {"lease_until": now + LEASE, "unsure": sent.unsure or died, "not_before": None}
    try:
        sent = side.store.put_sent(build.id, sent.model_copy(update=begun))
    except BuildChanged:
        return False
    # From here on the lease is ours, until it is given back below.
    wanted = {n: mark for n, mark in marks(build).items() if sent.marks.get(n) != mark}
    told, later_s, gone = _send(co, build, sent, list(wanted)[:MOST_TOLD])
    whole = gone or (later_s is None and len(told.marks_of(wanted)) == len(wanted))
    ended = {
        "lease_until": None,
        "marks": {**sent.marks, **told.marks_of(wanted)},
        "checks": {**sent.checks, **told.checks},
        "unsure": told.unsure,
        "version": build.version if whole else sent.version,
        "not_before": None if later_s is None else co.clock() + timedelta(seconds=later_s),
        "behind_since": None if later_s is None else sent.behind_since or now,
    }
    sent = side.store.put_sent(build.id, sent.model_copy(update=ended))
    if whole:
        return True
    if later_s is not None:
        co.meter.count("NoticesPutOff")
        behind = co.clock() - (sent.behind_since or now)
        if behind >= LATE and not told.owners:
            co.meter.count("NoticesLate")
        side.store.remind(build, co.clock() + timedelta(seconds=later_s))
    else:
        side.notices.send(build.id, group=build.id, unique=f"{build.id}#{sent.revision}")
    return False


def _send(
    co: Collaborators, build: BuildRecord, sent: Sent, names: list[str]
) -> tuple[Told, float | None, bool]:
    """What was told; seconds to wait for the rest; whether it can never be told."""
    from chalicelib.github.client.errors import GitHubError, TryLater

    told = Told(unsure=sent.unsure)
    try:
        teller = Teller.of(co, build, sent)
        for name in names:
            teller.tell(name, told)
    except TryLater as later:
        log.warning("build %s: GitHub is told later: %s", build.id, later)
        told.unsure = told.unsure or later.maybe_done
        return told, later.after_s, False
    except ServiceTrouble as trouble:
        log.warning("build %s: GitHub is told later: %s", build.id, trouble)
        return told, TROUBLE_S, False
    except GitHubError as trouble:
        # It would refuse again: the commit or the permission is gone. Never silently.
        log.error("build %s: GitHub can't be told: %s", build.id, trouble)
        reason = count_refused(co, trouble, co.projects.find(build.project))
        behind = co.clock() - (sent.behind_since or co.clock())
        told.owners = reason is RefusedFor.PROJECT
        if reason in MENDABLE and behind < GIVEN_UP:
            return told, MENDED_S, False
        return told, None, True
    told.unsure = False
    return told, None, False
