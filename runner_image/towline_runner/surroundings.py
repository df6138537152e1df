"""What the runner was started with (docs/protocol.md, "What the container is given")."""

from __future__ import annotations

import os

_NEEDED = ("TOWLINE_URL", "TOWLINE_JOB", "TOWLINE_TOKEN")


def given() -> dict[bytes, bytes]:
    """What this process was started with. Not ``os.environ``: in the C locale the interpreter adds
    LC_CTYPE to it before any of our code runs (PEP 538), and a script would see that."""
    try:
        with open("/proc/self/environ", "rb") as opened:
            lines = opened.read().split(b"\0")
    except OSError:
        return os.environb.copy()
    return {name: value for name, found, value in (line.partition(b"=") for line in lines) if found}


class BadSurroundings(Exception):  # noqa: N818 - the starter's fault
    """The runner was started without what it needs; the text says what."""


class Surroundings:
    """Raises BadSurroundings."""

    def __init__(self, environment: dict[bytes, bytes]) -> None:
        given = {
            os.fsdecode(name): os.fsdecode(value)
            for name, value in environment.items()
            if name.startswith(b"TOWLINE_")
        }
        missing = [name for name in _NEEDED if not given.get(name)]
        if missing:
            raise BadSurroundings(
                f"{', '.join(missing)} must be set: a backend of Towline starts this program."
            )
        self.environment = environment
        self.in_container = os.getpid() == 1
        self.url = given["TOWLINE_URL"].rstrip("/")
        self.job = given["TOWLINE_JOB"]
        self.token = given["TOWLINE_TOKEN"]
        self.image_user = given.get("TOWLINE_IMAGE_USER") or None
        self.console = given.get("TOWLINE_CONSOLE", "on") != "off"
        lifeline = given.get("TOWLINE_LIFELINE", "")
        if lifeline and not lifeline.isdigit():
            raise BadSurroundings(f"TOWLINE_LIFELINE is {lifeline!r}, not a descriptor's number.")
        self.lifeline = int(lifeline) if lifeline else None
        certificates = (given.get("TOWLINE_CA_FILE"), _text(environment, b"SSL_CERT_FILE"))
        self.certificates = [file for file in certificates if file]
        self.folder = _folder()

    def spool_places(self) -> list[str]:
        """Where the log may wait on disk, outside the folders that jobs are fond of, best first."""
        outside = _text(self.environment, b"TMPDIR")
        if self.in_container:
            return ["/var/tmp", "/", "/tmp"]  # noqa: S108 - a file without a name can't be guessed
        return [*([outside] if outside else []), "/var/tmp", "/tmp"]  # noqa: S108 - likewise


def _folder() -> str | None:
    """The working directory that was chosen for us; None when it is "/" (nobody chose) or is
    gone."""
    try:
        folder = os.getcwd()
    except OSError:
        return None
    return None if folder == "/" else folder


def _text(environment: dict[bytes, bytes], name: bytes) -> str | None:
    value = environment.get(name)
    return os.fsdecode(value) if value else None
