"""An AWS account on this machine for the time of the tests: MiniStack with its bridges."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
REGION = "eu-west-1"
READY_WITHIN_S = 60
ENDS_WITHIN_S = 30
LAST_WORDS = 30
ROOM_BYTES = 2 * 1024**3


class EmulatorError(Exception):
    """The emulator did not start. The text has its last words."""


class Emulator:
    """One process group on loopback. All that it keeps is in a folder that goes with it.

    Permissions are enforced (``AUTH``): a role that lacks an action is refused as on AWS.
    ``trusted``: the certificate that the functions trust, of the tests' GitHub.
    """

    def __init__(self, venv: Path, trusted: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="towline-emulator-", dir=_quick_place()))
        self.port = _free_port()
        self.owner = f"deployed-{os.getpid()}-{self.port}"
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._trusted = trusted
        self._log = (self.folder / "ministack.log").open("wb")
        self._process = subprocess.Popen(
            [venv / "bin" / "python", "-m", "tests.deployed.bridge"],
            cwd=ROOT,
            env=self._process_environment(),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    @property
    def public_url(self) -> str:
        """What the deployed API is called by, by users and by runners."""
        return f"{self.endpoint}/public"

    def environment(self) -> dict[str, str]:
        """What a program needs to take the emulator for AWS; it is the account's root user."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        make: Any = boto3.client  # its overloads want a literal name
        return make(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def last_words(self) -> str:
        """The end of what the emulator wrote, for a test that fails."""
        self._log.flush()
        lines = (self.folder / "ministack.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LAST_WORDS:])

    def stop(self) -> None:
        """End it, its functions and its tasks, and remove what it kept. May be repeated."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _process_environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        return kept | {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "HOME": str(self.folder),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "PYTHONDONTWRITEBYTECODE": "1",
            # Functions are processes that inherit this.
            "SSL_CERT_FILE": str(self._trusted),
            "S3_DATA_DIR": str(self.folder / "s3"),
            "STATE_DIR": str(self.folder / "state"),
            "TMPDIR": str(self.folder),
            "TOWLINE_BRIDGE_FOLDER": str(self.folder),
            "TOWLINE_BRIDGE_OWNER": self.owner,
            "TOWLINE_BRIDGE_PYTHON": ".".join(map(str, sys.version_info[:2])),
        }

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/ready", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise EmulatorError(f"MiniStack did not get ready; its last words:\n{self.last_words()}")


def _quick_place() -> str | None:
    """Memory, where there is enough: each function's process unpacks a thousand files."""
    memory = "/dev/shm"
    if os.path.isdir(memory) and shutil.disk_usage(memory).free >= ROOM_BYTES:
        return memory
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
