"""Cancel a build, or approve one: a fact on it first, then it is taken as far as it can go."""

from __future__ import annotations

from typing import Any

from chalicelib.build_ports import BuildChanged
from chalicelib.domain.build_record import BuildRecord
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.advance import advance
from chalicelib.usecases.build_side import BACKSTOP, build_side
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import BuildRefused, UnknownBuild

ROUNDS = 20


def cancel_build(co: Collaborators, build_id: str, why: str) -> BuildRecord:
    """Its jobs are cancelled, what waits is skipped. Repeatable; a finished build stays.

    Raises ``UnknownBuild``.
    """
    build = get_build(co, build_id)
    if not build.final and not build.cancelled:
        _changed(co, build_id, {"cancelled": True, "detail": why})
    return advance(co, build_id) or build


def approve_build(co: Collaborators, build_id: str, who: str) -> BuildRecord:
    """Let a build that waits for approval run: this commit alone. Repeatable.

    Raises ``UnknownBuild``, and ``BuildRefused`` when it is cancelled.
    """
    build = get_build(co, build_id)
    if build.cancelled:
        raise BuildRefused(f"build {build_id} was cancelled: {build.detail}")
    if build.held:
        _changed(co, build_id, {"held": False, "approved_by": who})
    return advance(co, build_id) or build


def get_build(co: Collaborators, build_id: str) -> BuildRecord:
    """Raises ``UnknownBuild``."""
    build = build_side(co).store.get(build_id)
    if build is None:
        raise UnknownBuild(build_id)
    return build


def _changed(co: Collaborators, build_id: str, changes: dict[str, Any]) -> None:
    """Write these facts on it, whatever else changes meanwhile, unless it is over."""
    side = build_side(co)
    for _ in range(ROUNDS):
        build = get_build(co, build_id)
        if build.final:
            return
        now = co.clock()
        written = {**changes, "version": build.version + 1, "updated_at": now}
        try:
            side.store.put(build.model_copy(update=written), due_at=now + BACKSTOP)
        except BuildChanged:
            continue
        return
    raise ServiceTrouble(f"build {build_id} is being changed all the time")
