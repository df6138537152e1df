"""A rig: one backend on the bench, with a service for its runners and an ear for its stops."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from chalicelib.domain.evidence import Stop
from chalicelib.domain.ids import new_id
from chalicelib.ports import Backend, Launched, LaunchRequest
from tests.fakes.service_server import FakeJob, FakeService

WAIT_S = 60.0
PAUSE_S = 0.05


class Stops:
    """Receives a backend's stops and lets a test wait for them."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int, Stop]] = []
        self._changed = threading.Condition()

    def __call__(self, job_id: str, attempt: int, stop: Stop) -> None:
        with self._changed:
            self.all.append((job_id, attempt, stop))
            self._changed.notify_all()

    def of(self, task_id: str) -> list[Stop]:
        return [stop for _, _, stop in self.all if stop.task_id == task_id]

    def wait(self, task_id: str, timeout_s: float = WAIT_S) -> Stop:
        """The task's stop, once it is there."""
        with self._changed:
            there = self._changed.wait_for(lambda: bool(self.of(task_id)), timeout_s)
        assert there, f"no stop of {task_id} within {timeout_s} s"
        return self.of(task_id)[0]


class ClosableBackend(Backend, Protocol):
    def close(self) -> None: ...


class Rig:
    """One backend under test. The kinds differ in how a runner is found from the outside."""

    def __init__(
        self,
        backend: Callable[[Stops, FakeService], Any],
        service: FakeService,
        *,
        pid_of: Callable[[str], int],
        left: Callable[[], list[str]],
        image: str | None,
        release: str = "",
    ) -> None:
        self.service = service
        self.stops = Stops()
        self.backend: ClosableBackend = backend(self.stops, service)
        self.pid_of = pid_of
        """The runner's pid as this machine sees it."""
        self.left = left
        """What of this rig's tasks is still there."""
        self.image = image
        self.release = release

    def request(self, script: str, *, launch_try: int = 1, **changes: Any) -> LaunchRequest:
        """A new job at the service, and the request to launch it."""
        job_id = new_id(datetime.now(UTC), os.urandom(10))
        grace_s = changes.pop("grace_s", 2.0)
        self.service.add(job_id, FakeJob(script, grace_s=grace_s))
        settings: dict[str, Any] = {
            "job_id": job_id,
            "attempt": 1,
            "launch_try": launch_try,
            "token": "1.00",
            "image": self.image,
            "release": self.release,
            "user": None,
            "cpu": 1.0,
            "memory_mib": 256,
            "arch": os.uname().machine.replace("aarch64", "arm64"),
            "stop_timeout_s": 20,
        }
        return LaunchRequest(**(settings | changes))

    def launch(self, request: LaunchRequest) -> str:
        """Launch it and give the task's id."""
        outcome = self.backend.launch(request)
        assert isinstance(outcome, Launched), outcome
        return outcome.task_id

    def launch_until(self, said: str, script: str, **changes: Any) -> tuple[LaunchRequest, str]:
        """Launch a script and wait until its log shows what it says when it is where we want it."""
        request = self.request(script, **changes)
        task_id = self.launch(request)
        self.service.wait_for_log(request.job_id, said.encode())
        return request, task_id


def processes_with(word: str) -> list[int]:
    """Pids of processes, zombies left out, whose command line holds ``word``."""
    return [pid for pid, line in _command_lines() if word.encode() in line]


def gone(pids: list[int], timeout_s: float = 10.0) -> bool:
    """Wait until none of these processes is there any more, without looking again and again."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not _readable(handle, timeout_s):
                return False
        finally:
            os.close(handle)
    return True


def until(holds: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    """Ask again and again: for what nobody tells us of. Fails with ``what``."""
    pause = threading.Event()
    for _ in range(int(timeout_s / PAUSE_S)):
        if holds():
            return
        pause.wait(PAUSE_S)
    raise AssertionError(f"not within {timeout_s} s: {what}")


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    os.kill(pid, number)


def _readable(handle: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def _command_lines() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if line:
                yield int(entry.name), line
