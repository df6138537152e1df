"""A build as it is stored: the event that made it, its jobs, and how far they are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chalicelib.domain.build import BuildJob, BuildState, JobState
from chalicelib.domain.model import Stored, Timestamp
from chalicelib.domain.verdict import Verdict

FINAL = (BuildState.PASSED, BuildState.FAILED, BuildState.ERRORED, BuildState.CANCELLED)


class BuildProblem(Stored):
    """A mistake in the repository's file, or something in it that is ignored (``warning``)."""

    path: str
    line: int = 1
    text: str
    level: Literal["failure", "warning"] = "failure"


class BuildEntry(Stored):
    """One job of a build. ``state`` and ``verdict`` are the job's as they were last looked at."""

    needs: tuple[str, ...] = ()
    allow_failure: bool = False
    state: JobState = JobState.WAITING
    verdict: Verdict | None = None
    job_id: str | None = Field(default=None, description="once it was submitted")
    in_setup: bool = Field(default=False, description="it failed before its script was begun")
    detail: str = Field(default="", description="why it could not be submitted, or its verdict's")
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None

    @property
    def over(self) -> bool:
        """It has run, or never will."""
        return self.state in (JobState.FINISHED, JobState.SKIPPED)


class BuildRecord(Stored):
    """One build. ``version`` rises with every write of what is said of it.

    ``sha`` is where statuses go. ``commit`` is what is checked out: the same, or of a pull request
    the commit that merges it.
    """

    id: str
    version: int = 1
    project: str
    repository_id: int
    repository_name: str = Field(description="owner/repo as GitHub spelt it at the event")
    private: bool = Field(default=False, description="the repository, at the event")
    installation_id: int | None = None
    kind: Literal["push", "pull_request", "schedule"]
    ref: str = Field(description="where ``commit`` is")
    branch: str | None = Field(default=None, description="pushed, or to be merged into")
    tag: str | None = None
    pull_request: int | None = None
    head_branch: str | None = None
    schedule: str | None = Field(default=None, description="name of the one that was due")
    from_fork: bool = False
    sha: str
    commit: str
    base_sha: str | None = None
    author: str = ""
    title: str = ""
    restricted: bool = Field(default=False, description="a stranger's code (docs/security.md)")
    held: bool = Field(default=False, description="it waits for somebody's approval")
    approved_by: str = ""
    cancelled: bool = Field(default=False, description="its jobs are to end")
    cancels_before: bool = Field(default=False, description="builds before it on its line end")
    rerun_of: str | None = Field(default=None, description="the build whose results it began with")
    file: str = Field(default="", description="the file that the jobs are from")
    plan_key: str | None = Field(default=None, description="where the planned jobs are kept")
    checkout_secret: str | None = Field(default=None, description="that the checkout is told")
    state: BuildState = BuildState.PENDING
    detail: str = ""
    problems: tuple[BuildProblem, ...] = ()
    jobs: dict[str, BuildEntry] = Field(default_factory=dict)
    created_at: Timestamp
    updated_at: Timestamp
    finished_at: Timestamp | None = None

    @property
    def final(self) -> bool:
        """Its verdict is given, and stays."""
        return self.state in FINAL

    @property
    def line(self) -> str:
        """What builds follow each other on: a branch, a tag, a pull request, or a schedule."""
        if self.schedule is not None:
            return f"schedule/{self.schedule}"
        if self.pull_request is not None:
            return f"pull/{self.pull_request}"
        return f"tag/{self.tag}" if self.tag is not None else f"branch/{self.branch}"

    @property
    def as_jobs(self) -> dict[str, BuildJob]:
        """The jobs as ``build_table`` judges them."""
        return {
            name: BuildJob(entry.state, entry.verdict, entry.needs, entry.allow_failure)
            for name, entry in self.jobs.items()
        }
