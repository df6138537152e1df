"""The claim's reply: what to run, under which limits, and where the log may go."""

from __future__ import annotations

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ALLOWANCE_S = 1800.0


class NotStarted(Exception):  # noqa: N818 - the report's own word
    """The script can't be started; the text says why, in a sentence for the job's owner."""


class JobFile:
    """A file (or folder, when the path ends in ``/``) to be made before the script starts."""

    __slots__ = ("content", "mode", "path")

    def __init__(self, given: dict[str, Any]) -> None:
        self.path = str(given["path"])
        self.content = binascii.a2b_base64(given.get("content_base64") or "")
        mode = given.get("mode")
        self.mode = int(mode, 8) if mode else (0o755 if self.is_folder else 0o644)

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


class Work:
    """What is to be run. Raises KeyError, TypeError, ValueError when the reply has another
    shape."""

    def __init__(self, given: dict[str, Any]) -> None:
        script = given.get("script")
        self.script = None if script is None else binascii.a2b_base64(script)
        self.command: list[str] | None = given.get("command")
        self.shell: list[str] | None = given.get("shell")
        self.script_mode = int(given.get("script_mode") or "0755", 8)
        self.files = [JobFile(file) for file in given.get("files") or ()]
        self.env: dict[str, str | None] = given.get("env") or {}
        self.secrets: dict[str, str] = given.get("secrets") or {}
        self.user: str | None = given.get("user")
        self.workdir: str | None = given.get("workdir")
        self.checkout: dict[str, Any] | None = given.get("checkout")
        self.tells_phases = bool(given.get("tells_phases"))
        if (self.script is None) == (not self.command):
            raise ValueError("exactly one of script and command must be given")


class Limits:
    """Seconds and bytes; see docs/protocol.md. Missing ones have the protocol's defaults."""

    def __init__(self, given: dict[str, Any]) -> None:
        silence = given.get("silence_timeout_s")
        self.timeout_s = float(given["timeout_s"])
        self.silence_s = None if silence is None else float(silence)
        self.grace_s = float(given.get("grace_s", 10.0))
        self.log_bytes = int(given.get("log_limit_bytes", 1 << 30))
        self.flush_s = float(given.get("flush_s", 2.0))
        self.drain_s = float(given.get("drain_s", 2.0))
        self.allowance_s = float(given.get("allowance_s", ALLOWANCE_S))


class Permit:
    """Leave to post objects below ``prefix``: an S3 presigned POST."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.url = str(given["url"])
        self.fields: dict[str, str] = {str(k): str(v) for k, v in given["fields"].items()}
        self.prefix = str(given["prefix"])
        self.max_bytes = int(given.get("max_bytes", 16 << 20))


class Claimed:
    """The whole reply."""

    def __init__(self, reply: dict[str, Any]) -> None:
        self.job = str(reply["job"])
        self.attempt = int(reply["attempt"])
        self.lease = str(reply["lease"])
        self.heartbeat_s = float(reply.get("heartbeat_s", 30.0))
        self.work = Work(reply["work"])
        self.limits = Limits(reply["limits"])
        self.permit = Permit(reply["permit"])
        self.cancelled = bool(reply.get("cancel"))
