"""Changes in the table into notices: what a build is told of comes from the table's own stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.usecases.build_side import build_side
from chalicelib.usecases.collaborators import Collaborators

WATCHED = ("state", "verdict", "attempt")
"""Of a job; a heartbeat changes none of them."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message for the notices queue. The same change gives the same ``unique``."""

    build_id: str
    body: str
    unique: str


def notice_of(record: Mapping[str, Any]) -> Notice | None:
    """What follows from one record of the stream, old and new image; None: nothing. Pure.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
    """
    change = record.get("dynamodb", {})
    new, old = change.get("NewImage") or {}, change.get("OldImage") or {}
    key = new.get("pk", {}).get("S", "")
    if key.startswith("JOB#") and "build" in new:
        if old and all(new.get(name) == old.get(name) for name in WATCHED):
            return None
        build_id, job_id = new["build"]["S"], key.removeprefix("JOB#")
        unique = f"{job_id}#{new.get('version', {}).get('N', '')}"
        return Notice(build_id, f"{build_id} {job_id}", unique)
    if key.startswith("build#") and new.get("sk", {}).get("S") == "build":
        version = new.get("version")
        if old.get("version") == version or version is None:
            return None
        build_id = key.removeprefix("build#")
        return Notice(build_id, build_id, f"{build_id}#v{version['N']}")
    return None


def pass_on(co: Collaborators, record: Mapping[str, Any]) -> bool:
    """Send the record's notice; whether there was one. Repeatable. Raises ``ServiceTrouble``."""
    notice = notice_of(record)
    if notice is None:
        return False
    build_side(co).notices.send(notice.body, group=notice.build_id, unique=notice.unique)
    return True
