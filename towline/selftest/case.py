"""What one case of a corpus is, whatever the format it was written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.verdict import Verdict
from towline.selftest.content import Content

HOME_MARK = "@HOME@"
"""Stands for the case's home in the values of environment variables."""


class CorpusError(Exception):
    """A corpus can't be read. The text says which file and case, what is wrong, and what to do."""


class Need(StrEnum):
    """What a case can't be run without, besides programs and limits."""

    CONTAINER = "container"
    """It would harm the machine, or needs what only a container has."""
    PID1 = "pid1"
    """The runner is the first process of a PID namespace."""
    ROOT_RUNNER = "root-runner"
    """The runner is root, whoever the script is."""
    SAME_UID = "same-uid-runner"
    """The runner and the script are the same user."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file that is there before the script starts. Only the image's have absolute paths."""

    path: str
    content: Content
    mode: str = "0644"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one case: seconds and bytes. None: the default of a job."""

    timeout_s: float | None = None
    silence_s: float | None = None
    grace_s: float | None = None
    cancel_after_s: float | None = None
    """A cancel is asked for so many seconds after the script has started."""
    wall_s: float | None = None
    """The most that the whole run may take, from the claim to the verdict."""
    memory_bytes: int | None = None
    pids: int | None = None
    log_limit_bytes: int | None = None
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    """Small file systems of the container: path to size, as in ``{"/tmp": "1m"}``."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a script ends. Exactly one of code and signal is set for passed and failed."""

    verdict: Verdict
    exit_code: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        if self.exit_code is not None:
            return f"{self.verdict} (exit {self.exit_code})"
        if self.signal is not None:
            return f"{self.verdict} (signal {self.signal})"
        return str(self.verdict)


@dataclass(frozen=True, slots=True)
class OutputRule:
    """What the log must hold. ``size`` and ``sha256`` pin it to the byte when they are given."""

    size: int | None = None
    sha256: str | None = None
    exact: bytes | None = None
    """The very bytes, when they are few enough to be shown in a difference."""
    contains: tuple[bytes, ...] = ()
    excludes: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One script, how it is run, and its true end."""

    name: str
    why: str
    script: Content
    ends: Ending
    group: str = ""
    """The class of trouble it belongs to."""
    shell: tuple[str, ...] | None = ("bash",)
    """Argv in front of the script's path; empty: the file is executed itself."""
    mode: str = "0644"
    env: Mapping[str, str | None] = field(default_factory=dict)
    files: tuple[CaseFile, ...] = ()
    home: tuple[CaseFile, ...] = ()
    image_files: tuple[CaseFile, ...] = ()
    """Files with absolute paths that are the image's own."""
    user: str | None = None
    """``root``, ``plain`` (an unprivileged user), or None for whoever runs the case."""
    limits: Limits = Limits()
    needs: frozenset[Need] = frozenset()
    programs: frozenset[str] = frozenset()
    slow: bool = False
    output: OutputRule = OutputRule()
    also: frozenset[Verdict] = frozenset()
    """Other verdicts that a documented policy may give."""
    policy: str = ""
