"""What a file and an event make: jobs in their order, and what is left out and why."""

from __future__ import annotations

from pydantic import Field

from chalicelib.domain.checkout import Submodules
from chalicelib.domain.model import Value
from chalicelib.domain.spec import Arch, Capacity
from chalicelib.repofile.filters import EventKind


class Script(Value):
    """One phase: a file's text and the program that runs it."""

    text: str
    argv: tuple[str, ...] | None = Field(
        default=None, description="program and options; null: bash when the image has it, else sh"
    )


class Phases(Value):
    """What a job does, in this order. ``docs/repository-file.md`` says what each may change."""

    setup: Script | None = None
    script: Script
    after: Script | None = None
    marks_phases: bool = Field(
        default=False, description="the script holds all phases and tells them itself (Travis)"
    )


class CheckoutOptions(Value):
    """How much of the commit's history is fetched, and what besides."""

    depth: int = Field(default=1, description="0: all of it")
    submodules: Submodules = "none"
    lfs: bool = False


class PlannedJob(Value):
    """One job of a build, ready to become a ``JobSpec``. None means: the service's default."""

    name: str = Field(description="unique in its build, and the same for the next commit")
    key: str = Field(description="its key in the file")
    values: dict[str, str] = Field(default_factory=dict, description="its matrix combination")
    line: int = Field(default=1, description="where it is in the file")
    needs: tuple[str, ...] = Field(default=(), description="names of jobs of the same build")
    allow_failure: bool = False
    phases: Phases
    env: dict[str, str | None] = Field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    image: str | None = None
    registry_credentials: str | None = None
    user: str | None = None
    workdir: str | None = Field(default=None, description="below where it begins, or absolute")
    checkout: CheckoutOptions | None = Field(default=CheckoutOptions(), description="null: none")
    timeout_s: float | None = None
    silence_timeout_s: float | None = None
    grace_s: float | None = None
    cpu: float | None = None
    memory_mib: int | None = None
    arch: Arch | None = None
    capacity: Capacity | None = None
    retry_lost: int | None = None


class Event(Value):
    """What happened to the repository, as far as a plan depends on it."""

    kind: EventKind = "push"
    branch: str | None = Field(
        default=None, description="pushed, built, or the one a pull request is to be merged into"
    )
    tag: str | None = Field(default=None, description="instead of a branch")
    message: str = Field(default="", description="of the commit that is built")
    paths: tuple[str, ...] | None = Field(
        default=None, description="changed files; null when they are not known"
    )
    schedule: str | None = Field(default=None, description="the schedule's name")
    elsewhere: bool = Field(
        default=False, description="the schedule is in the default branch's file, not in this one"
    )


class LeftOut(Value):
    """A job that this event does not run."""

    name: str
    reason: str


class Plan(Value):
    """The build of one event. Without jobs there is a ``reason``, and no build."""

    jobs: tuple[PlannedJob, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    reason: str = ""
    cancel_previous: bool = Field(
        default=False, description="the build before, of the same branch or pull request, ends"
    )
