"""Badges for READMEs. They need no key, so a project must allow that its verdicts are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice, Response

from chalicelib.domain.build import BuildState
from chalicelib.domain.spec import PROJECT_NAME
from chalicelib.http.api import Api, Call

if TYPE_CHECKING:
    from chalicelib.pages.badge import BadgeWord
    from chalicelib.usecases.dispatcher import Dispatcher

SUFFIX = ".svg"
MAX_BRANCH = 255


def add_badge_routes(app: Chalice, api: Api) -> None:
    """``GET /badges/{owner}/{name}.svg`` and, for plain names, ``/badges/{name}.svg``.

    ``?branch``: of that branch's last push; without it, of the last one to any branch.
    """

    def route(path: str) -> Callable[[Callable[..., Response]], Any]:
        def decorate(function: Callable[..., Response]) -> Any:
            return app.route(path, methods=["GET"], name=function.__name__)(
                api.route(None)(function)
            )

        return decorate

    @route("/badges/{name}")
    def badge_of_name(call: Call, name: str) -> Response:
        return _badge(call, name)

    @route("/badges/{owner}/{name}")
    def badge_of_repository(call: Call, owner: str, name: str) -> Response:
        return _badge(call, f"{owner}/{name}")


def _badge(call: Call, path: str) -> Response:
    """Always a picture and always 200: an unknown project looks like one that shows none, and
    READMEs show no broken image."""
    from chalicelib.pages.badge import HEADERS, BadgeWord, badge

    project, branch = path.removesuffix(SUFFIX), call.query.get("branch")
    known = path.endswith(SUFFIX) and PROJECT_NAME.match(project) is not None
    if branch is not None and not 0 < len(branch) <= MAX_BRANCH:
        known = False
    word = badge_word(call.dispatcher, project, branch) if known else BadgeWord.UNKNOWN
    return Response(body=badge(word), headers={**HEADERS})


def badge_word(dispatcher: Dispatcher, project: str, branch: str | None) -> BadgeWord:
    """What the badge of a project's branch says."""
    from chalicelib.pages.badge import BadgeWord

    found = dispatcher.collaborators.projects.find(project)
    if found is None or not found.public_badge or dispatcher.collaborators.builds is None:
        return BadgeWord.UNKNOWN
    build = dispatcher.latest_build(found.name, branch)
    if build is None or build.state is BuildState.CANCELLED:
        return BadgeWord.UNKNOWN
    if build.state in (BuildState.PENDING, BuildState.RUNNING):
        return BadgeWord.RUNNING
    return BadgeWord.PASSING if build.state is BuildState.PASSED else BadgeWord.FAILING
