"""What the API shows of builds."""

from __future__ import annotations

from typing import Any

from chalicelib.build_ports import BuildPage
from chalicelib.domain.build import summary
from chalicelib.domain.build_record import BuildRecord

_BUILD = {
    "id",
    "project",
    "kind",
    "ref",
    "branch",
    "tag",
    "pull_request",
    "head_branch",
    "schedule",
    "from_fork",
    "sha",
    "commit",
    "author",
    "title",
    "restricted",
    "held",
    "approved_by",
    "cancelled",
    "rerun_of",
    "file",
    "state",
    "detail",
    "problems",
    "created_at",
    "updated_at",
    "finished_at",
}
_JOB = {
    "needs",
    "allow_failure",
    "state",
    "verdict",
    "job_id",
    "in_setup",
    "detail",
    "started_at",
    "finished_at",
}


def build_view(build: BuildRecord) -> dict[str, Any]:
    """A build with its jobs in the file's order."""
    view = build.model_dump(mode="json", include=_BUILD)
    view["repository"] = build.repository_name
    view["summary"] = summary(build.as_jobs)
    view["jobs"] = [
        {"name": name, **entry.model_dump(mode="json", include=_JOB)}
        for name, entry in build.jobs.items()
    ]
    return view


def builds_view(page: BuildPage) -> dict[str, Any]:
    """A page of builds."""
    return {"builds": [build_view(build) for build in page.builds], "cursor": page.cursor}
