"""When a project's schedules are due: what its default branch's file says, and what came of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from chalicelib.domain.model import Stored, Timestamp


class TimetableEntry(Stored):
    """One schedule of the file."""

    name: str
    cron: str = Field(description="as it is written in the file, in UTC")
    branch: str | None = Field(default=None, description="null: the default one")
    next_at: Timestamp = Field(description="when it is due; past until somebody has looked")
    last_at: Timestamp | None = Field(default=None, description="the last due time that was taken")
    said: str = Field(default="", description="what came of that, in words")


class Timetable(Stored):
    """All schedules of one project. ``version`` rises with every write."""

    project: str
    version: int = 1
    as_of: Timestamp = Field(description="when the push came whose file this is")
    entries: tuple[TimetableEntry, ...] = ()

    @property
    def next_at(self) -> datetime | None:
        """When somebody must look; None: never."""
        return min((entry.next_at for entry in self.entries), default=None)
