"""What the use cases need to know of projects, as interfaces: settings, and who has a slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.domain.change import Change
from chalicelib.domain.job import Job
from chalicelib.domain.project import Project


class ProjectChanged(Exception):  # noqa: N818 - an answer of the store, not a fault
    """The project is no longer as it was read: read it again."""


class ProjectStore(Protocol):
    """Registered projects. A name is found in any case. ``ServiceTrouble`` may be raised."""

    def find(self, name: str) -> Project | None:
        """The project, or that there is none, as it was within the last seconds."""
        ...

    def get(self, name: str) -> Project | None:
        """The project by a consistent read."""
        ...

    def of_repository(self, repository_id: int) -> Project | None:
        """By GitHub's number of the repository, as it was within the last seconds."""
        ...

    def put(self, project: Project, *, replaces: int | None) -> None:
        """Write it, and its limit for the slots, in one. ``replaces``: the version that was read;
        None: there was none. Raises ``ProjectChanged``."""
        ...

    def all(self) -> list[Project]:
        """Every project, by name."""
        ...

    def remove(self, name: str) -> bool:
        """Forget it, and its limit; False when there was none. Its jobs go on."""
        ...


class ProjectTokens(Protocol):
    """Projects' own checkout tokens: given at a claim, to the runner's checkout alone, and kept
    where no job can ask for one by name. All may raise ``ServiceTrouble``."""

    def put(self, project: str, value: str) -> None:
        """Keep or replace it. May be repeated."""
        ...

    def get(self, project: str) -> str | None:
        """None: there is none."""
        ...

    def remove(self, project: str) -> None:
        """Forget it, if it is there."""
        ...


class NoSlot(Exception):  # noqa: N818 - an answer
    """As many jobs of the project run as may."""


class SlotsFree(Exception):  # noqa: N818 - an answer
    """Fewer jobs of the project run than may: there is nothing to wait for."""


class NotHanded(Exception):  # noqa: N818 - an answer
    """The slot could not be handed to that heir, who waits no more; nothing was written."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Who has a slot, with the time since when; ``limit`` None: there is none (any more)."""

    limit: int | None = None
    holders: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heir:
    """A waiting job, and the change that tells it that it has a slot."""

    job_id: str
    change: Change


class ProjectSlots(Protocol):
    """Slots of projects with a limit. Each write is one transaction with the job's own change, so
    that a slot can neither leak nor be given twice, whoever dies or comes twice.

    A job has a slot from its launch to its verdict or to its return to ``queued``; one that was
    handed a slot has it before its launch. All raise ``Conflict`` as ``JobStore.apply`` does, and
    give the job as it is afterwards.
    """

    def take(self, job: Job, change: Change, *, now: datetime) -> Job:
        """Apply the change if the job has a slot or there is one. Raises ``NoSlot``."""
        ...

    def wait(self, job: Job, change: Change, *, now: datetime) -> Job:
        """Apply the change and stand in line, while there is no slot. Raises ``SlotsFree``."""
        ...

    def leave(self, job: Job, change: Change, heir: Heir | None, *, now: datetime) -> Job:
        """Apply the change and give up slot and place in line; the slot goes to the heir.

        Raises ``NotHanded`` when the heir waits no more, the job had no slot, or the limit was
        lowered below what runs: leave without an heir then.
        """
        ...

    def hand(self, project: str, heir: Heir, *, now: datetime) -> Job:
        """Give a free slot to a waiting job. Raises ``NoSlot``."""
        ...

    def waiting(self, project: str, *, after: str = "", limit: int = 1) -> Sequence[str]:
        """Ids of jobs that wait, those first that wait longest, by a consistent read."""
        ...

    def read(self, project: str) -> Slots:
        """Who has a slot now, by a consistent read."""
        ...

    def drop_holder(self, project: str, job_id: str) -> bool:
        """Take the slot from a job that is over or gone; False when it is neither."""
        ...

    def drop_waiting(self, project: str, job_id: str) -> bool:
        """Take a job out of the line that does not wait; False when it does."""
        ...
