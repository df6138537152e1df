"""Where cases are run: what this backend, image and user can offer, and what they can't."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import Case, Need

_SH = ("sh", "/bin/sh")
CONTAINER_HOME = "/home/towline-selftest"
DASH_AS_SH = "sh:dash"
"""Not a program but a fact: the image's ``sh`` is dash, which cases that name ``sh`` rely on."""


@dataclass(frozen=True, slots=True)
class Place:
    """One combination of backend, image and user."""

    container: bool
    image: str | None
    user: str | None
    """Who runs the cases that do not name a user; None: the image's, or whoever we are."""
    home_base: str
    """A directory under which every case gets a home of its own."""
    programs: frozenset[str] = frozenset()
    slow: bool = True
    keeps_home: bool = False
    """Cases that bring no home of their own have the image's."""


def programs_of(case: Case) -> frozenset[str]:
    """What the image must have: the shell or interpreter, unless the case is about its absence."""
    names = set(case.programs)
    if case.ends.verdict is not Verdict.ERRORED:
        interpreters = case.shell[:1] if case.shell else _shebang(case.script.data)
        names.update(DASH_AS_SH if name in _SH else name for name in interpreters)
    return frozenset(names)


def _shebang(script: bytes) -> tuple[str, ...]:
    """The program of a ``#!`` line, and the one that ``env`` is to find."""
    line = script.partition(b"\n")[0].decode("utf-8", "replace")
    words = line.removeprefix("#!").split() if line.startswith("#!") else []
    found = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return tuple(words[:1] + (found[:1] if words[:1] == ["/usr/bin/env"] else []))


def why_left_out(case: Case, place: Place) -> str | None:
    """Why the case can't be run here, in a few words; None when it can."""
    if not place.container:
        if case.needs or case.image_files or case.user is not None:
            return "needs a container"
        if case.limits.memory_bytes or case.limits.pids or case.limits.tmpfs:
            return "needs the limits of a container"
    elif Need.SAME_UID in case.needs and place.user is not None:
        return "needs a runner that is the same user as the script"
    missing = sorted(programs_of(case) - place.programs)
    if missing:
        return "the image has no " + ", ".join(_in_words(name) for name in missing)
    if case.slow and not place.slow:
        return "slow cases were not asked for"
    return None


def _in_words(name: str) -> str:
    return "dash as its sh" if name == DASH_AS_SH else name


def probe_script(cases: Iterable[Case]) -> str:
    """A script for any POSIX shell that says which programs are here and where it is run."""
    names = sorted(set().union(*(programs_of(case) for case in cases)) - {DASH_AS_SH})
    return f"""\
for name in {" ".join(names)}; do
  command -v "$name" >/dev/null 2>&1 && echo "has $name"
done
case $(readlink -f "$(command -v sh)") in */dash) echo "has {DASH_AS_SH}";; esac
[ "$(pwd)" = "${{0%/*}}" ] && echo "own folder"
exit 0
"""


def programs_found(probe_output: str) -> frozenset[str]:
    """The programs that a probe's output names."""
    lines = probe_output.splitlines()
    return frozenset(line.removeprefix("has ") for line in lines if line.startswith("has "))


def has_own_folder(probe_output: str) -> bool:
    """Whether scripts are run in the directory that holds them, as cases presuppose."""
    return "own folder" in probe_output.splitlines()
