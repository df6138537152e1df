"""A small process that removes an owner's containers when the command above it is killed.

It holds the read end of a pipe whose write end only the command has. One byte means that all is
well and it may leave; end-of-file without it means that the command died.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

QUIET_PASSES = 3
"""A request to create a container may still be under way in the engine when the command dies."""
PAUSE_S = 0.5
PATIENCE_S = 600.0
"""How long to wait for an engine that is away, too."""

_PROGRAM = (
    "import json, sys\n"
    "owner, address, sys.path[:] = json.loads(sys.argv[1])\n"
    "from towline.backends.guardian import guard\n"
    "guard(owner, address)\n"
)


class Guardian:
    """The process, as the command sees it. It costs nothing until the command dies."""

    def __init__(self, owner: str, address: str | None) -> None:
        # It lives in another folder, so that it holds none busy.
        found_at = [os.path.abspath(entry) for entry in sys.path]
        told = json.dumps([owner, address, found_at])
        read, self._hold = os.pipe()
        try:
            # A session of its own: Ctrl-C in the terminal is for the command.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _PROGRAM, told],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(read)

    @property
    def pid(self) -> int:
        return self._process.pid

    def dismiss(self, *, well: bool) -> None:
        """Let it go. Not ``well``: it removes what is left, also after this process. Repeatable."""
        if self._hold < 0:
            return
        try:
            if well:
                os.write(self._hold, b".")
        except BrokenPipeError:
            pass
        finally:
            os.close(self._hold)
            self._hold = -1
        if well:
            self._process.wait()


def guard(owner: str, address: str | None) -> None:
    """Wait for the end of the command; see the module's text."""
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_IGN)
    if os.read(0, 1):
        return
    # Imported only now: nearly always the byte comes, and nothing of this is needed.
    from towline.backends.docker_container import owner_label
    from towline.backends.docker_engine import Engine, EngineGone, EngineRefusal

    engine = Engine(address)
    deadline = time.monotonic() + PATIENCE_S
    quiet = 0
    while quiet < QUIET_PASSES and time.monotonic() < deadline:
        try:
            names = engine.containers(owner_label(owner))
            for name in names:
                engine.remove(name)
        except (EngineGone, EngineRefusal):
            quiet = 0
        else:
            quiet = 0 if names else quiet + 1
        time.sleep(PAUSE_S)
