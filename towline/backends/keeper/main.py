"""The keeper's loop: orders come in, ends go out, and nothing is left running.

It is the subreaper of its runners: when a runner dies, what it had started becomes the keeper's
child and is killed before the end is told. The runners are subreapers themselves, so that as long
as one lives all that its script starts stays below it, and an unknown child of the keeper is
always the orphan of a runner that is dead.

The command above holds the other end of ``link``. End-of-file on it means that the command died:
the keeper then ends everything and leaves. Each runner holds the read end of one pipe, the
lifeline, whose write end only the keeper has, so that they also notice when the keeper is killed.

Orders: {"op": "start", "task", "env"}, {"op": "stop", "task", "grace_s"},
        {"op": "close", "grace_s"}
Answers: {"ended": task, "status": wait status or null, "orphans": n, "complaint": text},
         {"crash": text}
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any

from towline.backends.keeper import birth, program
from towline.backends.keeper.descendants import kill_orphans
from towline.backends.keeper.title import set_title

PR_SET_CHILD_SUBREAPER = 36
MESSAGE_BYTES = 1 << 18
COMPLAINT_BYTES = 400

LOST_GRACE_S = 4.0
"""How long runners may take once the command above died; protocol.md allows 10 s for all of it."""
SWEEP_S = 5.0
"""How long to wait for killed orphans to vanish: one may hang in the kernel, or be root's."""
SWEEP_AGAIN_S = 0.05


@dataclass(slots=True)
class Task:
    """One runner: alive while ``status`` is None."""

    name: str
    complaints: int
    kill_at: float | None = None


@dataclass(slots=True)
class Ended:
    """A runner that is dead, its end told only once its orphans are gone."""

    message: dict[str, Any]
    told_by: float


class Keeper:
    """See the module's text. Single-threaded; ``run`` returns when everything has ended."""

    def __init__(self, link: socket.socket, runner: program.Program) -> None:
        self._link = link
        self._runner = runner
        self._tasks: dict[int, Task] = {}
        self._ended: list[Ended] = []
        self._closing = False
        self._lifeline, self._lifeline_hold = os.pipe()
        self._woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._woken, False)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(ignored, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def run(self) -> None:
        """Serve until told to close, or until the command above is gone; then end everything."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(self._link, select.POLLIN)
        while not self._closing or self._tasks or self._ended:
            events = dict(poll.poll(self._wait_ms()))
            if self._woken in events:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            if self._link.fileno() in events and not self._order():
                poll.unregister(self._link)
                self._end_all(LOST_GRACE_S)
            self._reap()
            self._sweep()
            self._kill_overdue()

    # --- orders ----------------------------------------------------------------------------------

    def _order(self) -> bool:
        """Do what the next message asks; False when the command above is gone."""
        try:
            text = self._link.recv(MESSAGE_BYTES)
        except OSError:
            return False
        if not text:
            return False
        order = json.loads(text)
        if order["op"] == "start":
            self._start(order["task"], order["env"])
        elif order["op"] == "stop":
            self._stop(order["task"], order["grace_s"])
        else:
            self._end_all(order["grace_s"])
        return True

    def _start(self, name: str, environment: dict[str, str]) -> None:
        if self._closing:
            self._tell(name, None, 0, "the backend is closing")
            return
        complaints = os.memfd_create(f"complaints of {name}")
        try:
            pid = birth.start(
                self._runner, environment, lifeline=self._lifeline, complaints=complaints
            )
        except OSError as trouble:
            os.close(complaints)
            self._tell(name, None, 0, f"no process could be started: {trouble}")
            return
        self._tasks[pid] = Task(name, complaints)

    def _stop(self, name: str, grace_s: float) -> None:
        for pid, task in self._tasks.items():
            if task.name == name:
                self._terminate(pid, task, grace_s)

    def _terminate(self, pid: int, task: Task, grace_s: float) -> None:
        """TERM now, KILL after the grace. Said again it can only come sooner."""
        deadline = time.monotonic() + grace_s
        if task.kill_at is None:
            os.kill(pid, signal.SIGTERM)
        if task.kill_at is None or deadline < task.kill_at:
            task.kill_at = deadline

    def _end_all(self, grace_s: float) -> None:
        self._closing = True
        if self._lifeline_hold >= 0:
            os.close(self._lifeline_hold)
            self._lifeline_hold = -1
        for pid, task in self._tasks.items():
            self._terminate(pid, task, grace_s)

    # --- ends ------------------------------------------------------------------------------------

    def _wait_ms(self) -> int | None:
        deadlines = [task.kill_at for task in self._tasks.values() if task.kill_at is not None]
        if self._ended:
            deadlines.append(time.monotonic() + SWEEP_AGAIN_S)
        if not deadlines:
            return None
        return max(0, int((min(deadlines) - time.monotonic()) * 1000) + 1)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for pid, task in self._tasks.items():
            if task.kill_at is not None and task.kill_at <= now:
                os.kill(pid, signal.SIGKILL)
                task.kill_at = now + SWEEP_S

    def _reap(self) -> None:
        """Collect every child that is dead: runners, and orphans that were adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            task = self._tasks.pop(pid, None)
            if task is not None:
                message = _end(task.name, status, _complaint(task.complaints))
                self._ended.append(Ended(message, time.monotonic() + SWEEP_S))

    def _sweep(self) -> None:
        """Kill orphans; tell the ends that waited for it once none is left."""
        if not self._ended:
            return
        left = 0
        if self._has_children_besides_runners():
            left = kill_orphans(os.getpid(), self._tasks)
            self._reap()
            for ended in self._ended:
                ended.message["orphans"] = max(ended.message["orphans"], left)
        now = time.monotonic()
        waiting = [e for e in self._ended if left and e.told_by > now]
        for ended in self._ended:
            if ended not in waiting:
                self._say(ended.message)
        self._ended = waiting

    def _has_children_besides_runners(self) -> bool:
        """False when that is certain at no cost, which is the case that a short job is in."""
        if self._tasks:
            return True
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _tell(self, name: str, status: int | None, orphans: int, complaint: str) -> None:
        self._say(_end(name, status, complaint) | {"orphans": orphans})

    def _say(self, message: dict[str, Any]) -> None:
        """Nobody listens any more when the command above is gone: that is no error."""
        with contextlib.suppress(OSError):
            self._link.send(json.dumps(message).encode())


def _end(name: str, status: int | None, complaint: str) -> dict[str, Any]:
    return {"ended": name, "status": status, "orphans": 0, "complaint": complaint}


def _complaint(descriptor: int) -> str:
    """The end of what a runner wrote on standard error; closes the descriptor."""
    try:
        size = os.fstat(descriptor).st_size
        text = os.pread(descriptor, COMPLAINT_BYTES, max(0, size - COMPLAINT_BYTES))
        return text.decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)


def main(link: int, python: str, folder: str) -> None:
    """What the command line that ``KeeperLink`` makes comes to."""
    command = socket.socket(fileno=link)
    try:
        set_title("towline-keeper")
        Keeper(command, program.load(python, folder)).run()
    except BaseException as crash:
        # Nobody reads its standard error. The runners end by their lifeline.
        command.send(json.dumps({"crash": repr(crash)}).encode())
        raise
