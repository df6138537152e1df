"""Everything that the job has started, found and ended.

As PID 1 that is every other process of the PID namespace, and ``kill(-1)`` reaches them all at
once. As an ordinary process it is what descends from us in /proc: as a subreaper we inherit the
orphans, so nothing escapes by losing its parent. ``kill(-1)`` is never used then: it would reach
the user's whole session."""

from __future__ import annotations

import os
import time

from towline_runner import signals

_ZOMBIE = "Z"
_DEAD = "X"
_FREEZE_AFTER = 5


class Process:
    """One line of /proc."""

    __slots__ = ("parent", "pid", "state")

    def __init__(self, pid: int, parent: int, state: str) -> None:
        self.pid = pid
        self.parent = parent
        self.state = state

    @property
    def alive(self) -> bool:
        return self.state not in (_ZOMBIE, _DEAD)


class Descendants:
    """The processes below this one."""

    def __init__(self, spared: int = 0) -> None:
        """``spared``: the number of a child that is left alone."""
        self._own = os.getpid()
        self._spared = spared
        self.is_init = self._own == 1

    def living(self) -> list[int]:
        """Numbers of those that are not yet dead; empty, too, where there is no /proc."""
        return [process.pid for process in self._below() if process.alive]

    def include(self, pid: int) -> bool:
        """Whether the process is one of them (dead ones that nobody has reaped count)."""
        return any(process.pid == pid for process in self._below())

    def terminate(self, group: int) -> None:
        """Ask all to end: TERM to the script's process group and to every descendant, and CONT, as
        a stopped process does not hear. Each is sent one TERM: a second could find a handler at
        work."""
        targets = set(self.living())
        _signal_group(group, signals.TERM)
        for pid in targets:
            if not _in_group(pid, group):
                _signal(pid, signals.TERM)
        _signal_group(group, signals.CONT)
        for pid in targets:
            _signal(pid, signals.CONT)

    def kill(self) -> None:
        """Send KILL to all, once."""
        if self.is_init and not self._spared:
            _signal(-1, signals.KILL)
            return
        for pid in self.living():
            _signal(pid, signals.KILL)

    def end(self, within_s: float) -> int:
        """Kill until nothing is left, at most ``within_s`` seconds, and reap. How many are left.

        Some may be left that we are not allowed to signal (set-id programs, when we are not root).
        """
        until = time.monotonic() + within_s
        turn = 0
        while True:
            # Whoever forks faster than we read /proc is frozen first: a stopped process can't fork.
            if turn > _FREEZE_AFTER and not self.is_init:
                for pid in self.living():
                    _signal(pid, signals.STOP)
            self.kill()
            reap_all()
            left = self.living()
            if not left or time.monotonic() > until:
                return len(left)
            time.sleep(min(0.001 * 2**turn, 0.05))
            turn += 1

    def _below(self) -> list[Process]:
        everyone = [process for process in _everyone() if process.pid != self._spared]
        if self.is_init:
            return [process for process in everyone if process.pid != self._own]
        children: dict[int, list[Process]] = {}
        for process in everyone:
            children.setdefault(process.parent, []).append(process)
        found: list[Process] = []
        heads = [self._own]
        while heads:
            below = children.get(heads.pop(), [])
            found += below
            heads += [process.pid for process in below]
        return found


def reap_all() -> list[tuple[int, int]]:
    """Take the status of every child that has ended: process number and raw wait status."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))


def childless() -> bool:
    """Whether there is no child, living or dead, and so no descendant: each hangs on a child of
    ours.

    It costs one system call, where a walk through /proc costs milliseconds.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _everyone() -> list[Process]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    found = []
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb", buffering=0) as opened:
                    line = opened.read(1024)
            except OSError:  # it has ended meanwhile
                continue
            # The name in the second field may hold spaces and brackets, so count from its end.
            fields = line[line.rfind(b")") + 2 :].split(None, 2)
            if len(fields) > 1:
                found.append(Process(int(name), int(fields[1]), fields[0].decode("ascii")))
    return found


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:  # it has ended, or is not ours to signal
        return


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except OSError:  # nobody is left in it
        return


def _in_group(pid: int, group: int) -> bool:
    try:
        return os.getpgid(pid) == group
    except OSError:
        return True
