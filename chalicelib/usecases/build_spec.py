"""A planned job of a build as the spec that is submitted: its checkout, its variables."""

from __future__ import annotations

from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.checkout import Checkout
from chalicelib.domain.spec import JobSpec
from chalicelib.github.client.site import Site
from chalicelib.repofile.job_spec import job_spec
from chalicelib.repofile.planned import PlannedJob


def build_spec(build: BuildRecord, planned: PlannedJob, site: Site) -> JobSpec:
    """The same build and job give the same spec. A stranger's code is given no secret by name.

    Raises pydantic's ``ValidationError`` for what no job may have.
    """
    checkout = Checkout(
        repository_url=site.clone_url(build.repository_name),
        commit=build.commit,
        ref=build.ref,
        token_secret=None if build.restricted else build.checkout_secret,
    )
    if build.restricted:
        # Also at the claim a restricted job gets none; here it need not even ask.
        planned = planned.model_copy(update={"secrets": ()})
    return job_spec(
        planned, project=build.project, checkout=checkout, env=variables(build, planned)
    )


def variables(build: BuildRecord, planned: PlannedJob) -> dict[str, str | None]:
    """What only the build knows; the claim adds what every job with a checkout has."""
    found: dict[str, str | None] = {
        "TOWLINE_EVENT": build.kind,
        "TOWLINE_REPOSITORY": build.repository_name,
        "TOWLINE_JOB_NAME": planned.name,
        "TOWLINE_BRANCH": build.branch,
        "TOWLINE_TAG": build.tag,
        "TOWLINE_SCHEDULE": build.schedule,
    }
    if build.pull_request is not None:
        found["TOWLINE_PULL_REQUEST"] = str(build.pull_request)
        found["TOWLINE_PULL_REQUEST_BRANCH"] = build.head_branch
        found["TOWLINE_PULL_REQUEST_SHA"] = build.sha
    return {name: value for name, value in found.items() if value is not None}
