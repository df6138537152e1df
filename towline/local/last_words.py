"""Before a service that is in memory ends: what it builds is cancelled, and GitHub is told so.

Else "Running" would stay on those commits for ever, as nobody is left to say how it ended.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.build_ports import BuildSide
    from chalicelib.usecases.dispatcher import Dispatcher
    from towline.local.embedded_aws import EmbeddedAws

LONGEST_S = 15.0
"""Longer than a script's usual grace between TERM and KILL."""
MOST = 50
"""Of a project; there is a limit to how long an end may take."""
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")


def end_builds(
    dispatcher: Dispatcher, aws: EmbeddedAws, why: str, timeout_s: float = LONGEST_S
) -> tuple[int, int]:
    """Cancel all builds that are not over; how many, and of how many GitHub does not know it.

    Waits until GitHub has been told by the pumps, which must run, or can't be told now.
    """
    from chalicelib.usecases.cancel_build import cancel_build

    co = dispatcher.collaborators
    side = co.builds
    if side is None:
        return 0, 0
    written = threading.Event()

    def heard(operation: str, _: bytes) -> None:
        if operation in WRITES:
            written.set()

    aws.watch("dynamodb", heard)
    ids = [
        build.id
        for project in co.projects.all()
        for build in side.store.unfinished(project.name, MOST)
    ]
    for build_id in ids:
        cancel_build(co, build_id, why)
    until = time.monotonic() + timeout_s
    while True:
        written.clear()
        waiting = [build_id for build_id in ids if not _told(side, build_id)]
        if all(_put_off(side, build_id) for build_id in waiting):
            return len(ids), len(waiting)
        if not written.wait(max(0.0, until - time.monotonic())):
            return len(ids), len(waiting)


def _told(side: BuildSide, build_id: str) -> bool:
    build = side.store.get(build_id)
    return build is None or (build.final and side.store.sent(build_id).version >= build.version)


def _put_off(side: BuildSide, build_id: str) -> bool:
    """GitHub asked to be left alone for longer than anybody waits here."""
    build = side.store.get(build_id)
    put_off = side.store.sent(build_id).not_before is not None
    return put_off and build is not None and build.final
