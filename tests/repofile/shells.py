"""Runs a job's script for real, the way the runner does: from a file, with a minimal environment, a
null standard input, a session of its own, and a pipe that hears the phases."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

SHELLS = ("bash", "dash", "busybox")
WITHIN_S = 60
PHASES_DESCRIPTOR = 9


@dataclass(frozen=True)
class Ran:
    """``status`` is negative for a death by signal, as ``subprocess`` has it."""

    status: int
    output: str
    phases: list[str]
    survivors: list[str]
    """Command lines of what the job left running."""


class Place:
    """A folder for one job, and programs to find in PATH: with ``dash`` and ``busybox`` there is no
    bash, so that phases without a shell of their own run by ``sh``."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.folder = folder / "towline-job"
        self.work = folder / "work"
        self.programs = folder / "programs"
        for made in (self.folder, self.work, self.programs):
            made.mkdir()
        busybox = shutil.which("busybox")
        if busybox is None:
            pytest.skip("busybox is not installed")
        for name in subprocess.run(
            [busybox, "--list"], capture_output=True, text=True, check=True
        ).stdout.split():
            (self.programs / name).symlink_to(busybox)
        shell = shutil.which(kind)
        if shell is None:
            pytest.skip(f"{kind} is not installed")
        if kind != "busybox":
            (self.programs / "sh").unlink()
            (self.programs / "sh").symlink_to(shell)
        if kind == "bash":
            (self.programs / "bash").symlink_to(shell)
        self.environment = {"PATH": str(self.programs), "HOME": str(self.work), "LANG": "C.UTF-8"}

    @property
    def shell(self) -> str:
        return str(self.programs / ("bash" if self.kind == "bash" else "sh"))

    def run(
        self,
        script: str,
        *,
        env: dict[str, str] | None = None,
        listens: bool = True,
        meanwhile: Callable[[subprocess.Popen[bytes], Path], None] | None = None,
    ) -> Ran:
        """``meanwhile`` is called with the process and the file of its output while it runs."""
        file = self.folder / "script"
        file.write_text(script, encoding="utf-8")
        output = self.folder.parent / "output"
        hears, tells = os.pipe()
        os.set_blocking(hears, False)
        taken = _hold(tells)
        try:
            with output.open("wb") as written:
                process = subprocess.Popen(
                    [self.shell, str(file)],
                    pass_fds=[PHASES_DESCRIPTOR] if listens else [],
                    preexec_fn=lambda: _prepare(tells if listens else None),  # noqa: PLW1509 - system calls only
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=subprocess.STDOUT,
                    env={**self.environment, **(env or {})},
                    cwd=self.work,
                    start_new_session=True,
                )
                if meanwhile:
                    meanwhile(process, output)
                status = process.wait(WITHIN_S)
                survivors = _living(process.pid)
                _end_group(process.pid)
            heard = _heard(hears)
        finally:
            for descriptor in (hears, tells, *taken):
                os.close(descriptor)
        return Ran(status, output.read_text("utf-8", "replace"), heard.split(), survivors)


def _prepare(pipe: int | None) -> None:
    """As the runner does it: no signal is ignored, whatever the tests were started by."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    if pipe is not None:
        os.dup2(pipe, PHASES_DESCRIPTOR)


def _hold(pipe: int) -> list[int]:
    """Take the number that the child will need, so that no pipe of ``subprocess`` has it there.
    What is to be closed again: nothing when it was taken."""
    try:
        os.fstat(PHASES_DESCRIPTOR)
    except OSError:
        return [os.dup2(pipe, PHASES_DESCRIPTOR, inheritable=False)]
    return []


def _heard(pipe: int) -> str:
    try:
        return os.read(pipe, 65536).decode()
    except BlockingIOError:
        return ""


def _living(session: int) -> list[str]:
    """What still runs in a session, once those that are just leaving have left."""
    found: list[str] = []
    for _ in range(20):
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                line = stat.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                if int(fields[3]) == session and fields[0] not in "ZX":
                    found.append(line)
        if not found:
            return []
        threading.Event().wait(0.02)
    return found


def _end_group(group: int) -> None:
    """As the runner ends what a job left behind."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def when_printed(text: str, act: Callable[[subprocess.Popen[bytes]], None]) -> Callable[..., None]:
    """For ``meanwhile``: wait until the job has printed ``text``, then act."""

    def watch(process: subprocess.Popen[bytes], output: Path) -> None:
        until = time.monotonic() + WITHIN_S
        waits = threading.Event()
        while text.encode() not in output.read_bytes():
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{text!r} was never printed: {output.read_text()}")
            waits.wait(0.02)
        act(process)

    return watch


def terminate_all(process: subprocess.Popen[bytes]) -> None:
    """TERM to every process of the job at once, as the runner does at a timeout."""
    os.killpg(process.pid, signal.SIGTERM)


@pytest.fixture(params=SHELLS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, request.param)
