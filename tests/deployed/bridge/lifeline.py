"""End with the test that started the emulator, however that test ends.

The test holds the other end of standard input. When it is closed, by ``Emulator.stop`` or because
the test process was killed, the emulator's containers and volumes are removed and the whole process
group ends: with it the functions, which are processes. What is left of the emulator's folder,
``TOWLINE_BRIDGE_FOLDER``, goes last.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from tests.deployed.bridge import tasks

# Once the emulator has ended, or after 5 s: nobody may be there to reap it.
SWEEP = 'for i in $(seq 50); do kill -0 "$0" 2>/dev/null || break; sleep 0.1; done; rm -rf "$1"'


def hold() -> None:
    """Watch standard input from now on."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    while sys.stdin.buffer.read(1):
        pass
    try:
        tasks.close()
    finally:
        folder = os.environ.get("TOWLINE_BRIDGE_FOLDER")
        if folder:
            command = ["sh", "-c", SWEEP, str(os.getpid()), folder]
            subprocess.Popen(command, cwd="/", start_new_session=True)
        # The functions' processes are in this group; the test and the sweep are not.
        os.killpg(os.getpgid(0), signal.SIGKILL)
