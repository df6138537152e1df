"""This side of the keeper: starts it, gives it orders, hears of ends."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import towline

MESSAGE_BYTES = 1 << 18
log = logging.getLogger(__name__)
_PROGRAM = (
    "import sys\n"
    "link, python, folder, home = sys.argv[1:]\n"
    "sys.path.append(home)\n"
    "from towline.backends.keeper.main import main\n"
    "sys.path.pop()\n"
    "main(int(link), python, folder)\n"
)


class KeeperGone(Exception):  # noqa: N818 - an answer: start another one
    """The keeper has ended or was killed; it can take no orders."""


class KeeperLink:
    """One keeper process. It ends by itself when this process dies, however it dies.

    ``on_end`` is called once for each task that was started, on a thread of this object, with what
    the keeper's ``main`` calls an answer. When the keeper is killed its tasks end with it: their
    lifeline is cut, and their ends are told from here, ``lost``, with status None.
    """

    def __init__(
        self,
        runner: Path,
        environment: Mapping[str, str],
        on_end: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._on_end = on_end
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        home = str(Path(towline.__file__).parent.parent)
        arguments = [str(theirs.fileno()), sys.executable, str(runner), home]
        with theirs:
            # A session of its own: Ctrl-C in the terminal is for the command, which then cancels.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                # As in a container: a job without a workdir runs in a directory of its own.
                cwd="/",
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, name="towline-keeper", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once it was seen to be gone; a start may still meet ``KeeperGone``."""
        return self._process.poll() is None

    def start(self, task: str, environment: Mapping[str, str]) -> None:
        """Start a runner; its end will be told. Raises ``KeeperGone``: then nothing was started."""
        with self._lock:
            self._open.add(task)
            try:
                self._send({"op": "start", "task": task, "env": dict(environment)})
            except KeeperGone:
                self._open.discard(task)
                raise

    def stop(self, task: str, grace_s: float) -> None:
        """TERM now, KILL after the grace. A task that is not this keeper's is left alone."""
        with contextlib.suppress(KeeperGone):
            self._send({"op": "stop", "task": task, "grace_s": grace_s})

    def _send(self, order: Mapping[str, Any]) -> None:
        try:
            self._link.send(json.dumps(order).encode())
        except OSError as trouble:
            raise KeeperGone(str(trouble)) from trouble

    def close(self, grace_s: float, deadline_s: float) -> None:
        """TERM to all runners, KILL after ``grace_s``; gives up waiting after ``deadline_s``."""
        with contextlib.suppress(KeeperGone):
            self._send({"op": "close", "grace_s": grace_s})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(deadline_s)
        # The reader meets end-of-file once the keeper is gone, after the last end that it told.
        self._reader.join(deadline_s)

    def _read(self) -> None:
        while True:
            try:
                text = self._link.recv(MESSAGE_BYTES)
            except OSError:
                break
            if not text:
                break
            message = json.loads(text)
            if "crash" in message:
                log.error("the keeper of this machine's runners crashed: %s", message["crash"])
            else:
                self._end(message)
        self._process.wait()
        with self._lock:
            self._link.close()
            lost = list(self._open)
        for task in lost:
            self._end({"ended": task, "status": None, "complaint": "", "lost": True})

    def _end(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            if message["ended"] not in self._open:
                return
            self._open.discard(message["ended"])
        self._on_end(message)
