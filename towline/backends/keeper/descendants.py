"""Who descends from whom, by /proc, and the end of all of them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection, Iterator
from dataclasses import dataclass

ROUNDS = 50
"""How often to look again for processes that appeared while the others were being frozen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the process table. ``start``, in ticks since boot, tells a reused pid apart."""

    pid: int
    parent: int
    start: int
    zombie: bool


def process_table() -> dict[int, Seen]:
    """All processes that are visible now, by pid. Those that vanish meanwhile are left out."""
    table: dict[int, Seen] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            seen = look(int(name))
            if seen is not None:
                table[seen.pid] = seen
    return table


def look(pid: int) -> Seen | None:
    """One process as /proc/<pid>/stat shows it (proc(5)); None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
    except OSError:
        return None
    # The command's name stands in brackets and may itself hold spaces and brackets.
    fields = line[line.rindex(b")") + 2 :].split()
    return Seen(pid, int(fields[1]), int(fields[19]), fields[0] in (b"Z", b"X"))


def below(roots: Collection[int], table: dict[int, Seen]) -> Iterator[Seen]:
    """The roots that are in the table, and all that descends from them."""
    children: dict[int, list[int]] = {}
    for seen in table.values():
        children.setdefault(seen.parent, []).append(seen.pid)
    waiting = [pid for pid in roots if pid in table]
    while waiting:
        pid = waiting.pop()
        yield table[pid]
        waiting.extend(children.get(pid, ()))


def orphans_of(parent: int, known: Collection[int], table: dict[int, Seen]) -> list[int]:
    """Children of ``parent`` that it did not start itself: they came when their own parent died."""
    return [s.pid for s in table.values() if s.parent == parent and s.pid not in known]


def kill_orphans(parent: int, known: Collection[int]) -> int:
    """Kill every orphan of ``parent`` and all below them; how many were there, zombies left out.

    They are frozen first, again and again until no new one appears: a frozen process can't fork,
    so that a fork storm is overtaken rather than chased. May be repeated: killed processes are
    zombies until they are reaped, and a reaped parent hands its children to us.
    """
    frozen: dict[tuple[int, int], Seen] = {}
    for _ in range(ROUNDS):
        table = process_table()
        found = below(orphans_of(parent, known, table), table)
        new = [s for s in found if not s.zombie and (s.pid, s.start) not in frozen]
        if not new:
            break
        for seen in new:
            send(seen, signal.SIGSTOP)
            frozen[seen.pid, seen.start] = seen
    for seen in frozen.values():
        send(seen, signal.SIGKILL)
    return len(frozen)


def send(seen: Seen, number: signal.Signals) -> None:
    """Signal exactly this process, though its pid may belong to another one by now."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(seen.pid)
        try:
            now = look(seen.pid)
            if now is not None and now.start == seen.start:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
