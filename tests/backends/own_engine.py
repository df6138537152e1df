"""A Docker engine of a test's own, that may be killed: never the one that others use."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from chalicelib.ports import ServiceTrouble
from tests.backends.rig import gone
from towline.backends.docker_engine import Engine

ANSWERS_WITHIN_S = 30.0
PAUSE_S = 0.05


class OwnEngine:
    """``dockerd`` below a folder of its own, without networks. Killed and started at will."""

    def __init__(self) -> None:
        # Not pytest's folder: a socket's path has at most 107 bytes (unix(7)).
        self._folder = Path(tempfile.mkdtemp(prefix="towline-engine-"))
        self.address = f"unix://{self._folder}/sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    # In a network namespace of its own, as "--bridge=none" alone removes docker0
                    # from the machine, and the machine's engine could connect no container then.
                    "unshare",
                    "--net",
                    "dockerd",
                    f"--data-root={self._folder}/data",
                    f"--exec-root={self._folder}/exec",
                    f"--host={self.address}",
                    f"--pidfile={self._folder}/pid",
                    "--bridge=none",
                    "--iptables=false",
                ],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        pause = threading.Event()
        for _ in range(int(ANSWERS_WITHIN_S / PAUSE_S)):
            try:
                Engine(self.address).check()
            except ServiceTrouble:
                pause.wait(PAUSE_S)
            else:
                return
        raise AssertionError(log.read_text()[-2000:])

    def start_if_down(self) -> None:
        """For the end of a test that may have left it killed."""
        if self._process is None:
            self.start()

    def kill(self) -> None:
        """kill -9; what it ran goes on running."""
        self._end(signal.SIGKILL)
        # Its containerd follows it. A new engine that came before that would wait for the old one.
        containerd = self._folder / "exec" / "containerd" / "containerd.pid"
        assert gone([int(containerd.read_text())])
        for left in (containerd, self._folder / "pid"):
            left.unlink(missing_ok=True)

    def shut_down(self) -> None:
        """As a service manager ends it: it ends its containers, too."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """End it and remove all that it had, mounts first: one that was killed left them."""
        self.shut_down()
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed([m for m in mounts if m.startswith(f"{self._folder}/")]):
            subprocess.run(["umount", "--lazy", mount], check=True)
        shutil.rmtree(self._folder)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None
