"""Whether a process of this machine may become the user that a job asks for."""

from __future__ import annotations

import grp
import os
import pwd


def why_not_user(user: str) -> str | None:
    """None when the runner can run a script as ``user`` (a name, a uid, or uid:gid); else why not.

    Root may become anyone, and the runner itself says when it knows no such name. Anyone else
    may only stay who they are (setuid(2)).
    """
    if os.geteuid() == 0:
        return None
    name, _, group = user.partition(":")
    uid, gid = os.geteuid(), os.getegid()
    if _uid(name) == uid and (not group or _gid(group) == gid):
        return None
    return (
        f"only root can run a job as {user}, and this is uid {uid}: leave the user out, "
        "run as root, or use --backend docker"
    )


def _uid(name: str) -> int | None:
    if name.isdigit():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _gid(name: str) -> int | None:
    if name.isdigit():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
