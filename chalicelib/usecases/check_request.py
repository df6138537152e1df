"""GitHub's buttons at a check: run again, run what failed again, approve."""

from __future__ import annotations

from chalicelib.build_ports import BuildSide, StoredDelivery
from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.ids import is_id
from chalicelib.github.check_events import RERUN
from chalicelib.github.check_runs import APPROVE, RERUN_FAILED
from chalicelib.github.events import CheckRequest
from chalicelib.usecases.build_side import client_of
from chalicelib.usecases.cancel_build import approve_build
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import BuildRefused, UnknownBuild
from chalicelib.usecases.known_repository import is_the_one, keep_up
from chalicelib.usecases.rerun_build import not_passed, rerun_build

NEWEST = 50


def take_check_request(
    co: Collaborators, side: BuildSide, delivery: StoredDelivery, event: CheckRequest
) -> str:
    """What was done, in words. Repeatable: a rerun has the delivery's build id.

    GitHub shows its buttons to whoever may push, but its API let others ask, too
    (https://docs.github.com/en/enterprise-server@3.3/rest/checks/runs#rerequest-a-check-run: "pull
    access to a public repository"). A rerun may have the project's secrets, and an approval is what
    a stranger's change waits for, so GitHub is asked who that is. Raises ``GitHubError``.
    """
    project = co.projects.get(delivery.group)
    if project is None or not is_the_one(project, event.repository):
        return "no build of this repository is known"
    project = keep_up(co, project, event.repository, event.installation_id)
    if not project.enabled:
        return "the project is disabled"
    build, job = _meant(side, event, project.name)
    if build is None or build.repository_id != event.repository.id:
        return "no build of this commit is known"
    client = client_of(co, project, project.name, event.installation_id)
    if not event.sender or not client.read.may_push(event.repository.name, event.sender):
        return f"{event.sender or 'nobody known'} asked for it, who may not push to the repository"
    try:
        if event.asked == APPROVE:
            return f"approved build {approve_build(co, build.id, event.sender).id}"
        only = None if job is None else [job]
        if event.asked == RERUN_FAILED:
            only = not_passed(build)
        elif event.asked != RERUN:
            return "that is no button of ours"
        return f"build {rerun_build(co, build.id, new_id=delivery.build_id, only=only).id}"
    except (BuildRefused, UnknownBuild) as refused:
        return str(refused)


def external_id(build: BuildRecord, job: str | None) -> str:
    """What a check run is known by: the build's id, for a job with its place in the file."""
    return build.id if job is None else f"{build.id}.{list(build.jobs).index(job)}"


def _meant(
    side: BuildSide, event: CheckRequest, project: str
) -> tuple[BuildRecord | None, str | None]:
    """The build, and the one job that was meant, if it was one."""
    build_id, _, place = event.external_id.partition(".")
    if is_id(build_id):
        build = side.store.get(build_id)
        if build is None or build.project != project:
            return None, None
        names = list(build.jobs)
        known = place.isdigit() and int(place) < len(names)
        return build, names[int(place)] if known else None
    # A repository's webhook is told of every App's suites, and most are none of ours.
    if event.external_id or not side.github.is_ours(event.app_id):
        return None, None
    found = side.store.page(project, limit=NEWEST).builds
    return next((build for build in found if build.sha == event.sha), None), None
