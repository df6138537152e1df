"""Which user the job runs as, by the image's own /etc/passwd and /etc/group.

Read here and not by ``pwd``: that asks the C library of the runner's interpreter, whose name
services may not work inside the job's image. The rules are Docker's: a number needs no entry."""

from __future__ import annotations

import os

from towline_runner.work import NotStarted

PASSWD = "/etc/passwd"
GROUP = "/etc/group"
_LARGEST = (1 << 32) - 2


class Identity:
    """A user to run as. ``home`` and ``name`` are None without an entry."""

    __slots__ = ("gid", "groups", "home", "name", "uid")

    def __init__(
        self, uid: int, gid: int, groups: list[int], name: str | None, home: str | None
    ) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.name = name
        self.home = home


def current(passwd: str = PASSWD) -> Identity:
    """The user that the runner runs as."""
    uid = os.geteuid()
    entry = _entry(_lines(passwd), str(uid), by_number=True)
    name, home = (entry[0], entry[5]) if entry else (None, None)
    return Identity(uid, os.getegid(), os.getgroups(), name, home)


def resolve(text: str, passwd: str = PASSWD, group: str = GROUP) -> Identity:
    """A name, uid, or user:group, as the image knows them. Raises NotStarted for an unknown
    name."""
    user, _, wanted_group = text.partition(":")
    groups = _lines(group)
    entry = _entry(_lines(passwd), user, by_number=False)
    if entry is None and user.isdigit():
        entry = _entry(_lines(passwd), user, by_number=True)
    if entry is None and not user.isdigit():
        raise NotStarted(
            f"The user {user!r} does not exist: {passwd} of the image has no such name. "
            "Give a name that is there, or a number, which needs no entry."
        )
    uid, gid, name, home = (
        (int(user), 0, None, None)
        if entry is None
        else (int(entry[2]), int(entry[3]), entry[0], entry[5])
    )
    if wanted_group:
        gid = _group(groups, wanted_group, group)
        return Identity(_fits(uid), _fits(gid), [gid], name, home)
    more = [int(line[2]) for line in groups if name in line[3].split(",")] if name else []
    return Identity(_fits(uid), _fits(gid), sorted({gid, *more}), name, home)


def _group(groups: list[list[str]], wanted: str, file: str) -> int:
    for line in groups:
        if line[0] == wanted:
            return int(line[2])
    if wanted.isdigit():
        return int(wanted)
    raise NotStarted(f"The group {wanted!r} does not exist: {file} of the image has no such name.")


def _fits(number: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise NotStarted(f"{number} is too large for a user or group.")
    return number


def _entry(lines: list[list[str]], wanted: str, *, by_number: bool) -> list[str] | None:
    for line in lines:
        if len(line) >= 6 and line[3].isdigit():
            if by_number and int(line[2]) == int(wanted):
                return line
            if not by_number and line[0] == wanted:
                return line
    return None


def _lines(file: str) -> list[list[str]]:
    """The file's well-formed lines; none when it can't be read, as in an image without one."""
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            found = [line.rstrip("\n").split(":") for line in opened]
    except OSError:
        return []
    return [line for line in found if len(line) >= 4 and line[2].isdigit()]
