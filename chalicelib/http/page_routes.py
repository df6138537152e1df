"""Pages for people who come from a status on GitHub: their link's key is all that they need."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from chalice.app import Chalice, Response

from chalicelib.domain.ids import is_id
from chalicelib.domain.job import Job
from chalicelib.http import queries
from chalicelib.http.api import Api, Call
from chalicelib.http.errors import ApiError
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.errors import NoBuilds, UnknownAttempt, UnknownBuild, UnknownJob
from chalicelib.usecases.view_keys import Viewed, opens, view_key

log = logging.getLogger("towline.http")

GITHUB = "https://github.com"
TEXT_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Disposition": 'attachment; filename="log.txt"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


def add_page_routes(app: Chalice, api: Api) -> None:
    """``GET /builds/{id}/view``, ``/jobs/{id}/view`` and ``/jobs/{id}/view/log``, with ``?key``;
    and the badges, which need none."""

    def route(path: str) -> Callable[[Callable[..., Response]], Any]:
        def decorate(function: Callable[..., Response]) -> Any:
            return app.route(path, methods=["GET"], name=function.__name__)(
                api.route(None)(_as_page(function))
            )

        return decorate

    @route("/jobs/{job_id}/view")
    def view_job(call: Call, job_id: str) -> Response:
        """The job's page: ``?attempt&offset`` choose a part of its log, which is the tail else."""
        from chalicelib.http.page_log import earlier, part_at, tail
        from chalicelib.pages.job_page import JobLinks, job_page

        _check(call, Viewed.JOB, job_id, ("attempt", "offset"))
        job = call.dispatcher.get(job_id)
        attempt, offset = queries.log_place(call.query)
        if "offset" in call.query:
            shown, more = part_at(call.dispatcher, job, attempt, offset)
        else:
            shown, more = tail(call.dispatcher, job, attempt), False
        number = str(shown.attempt)
        before = earlier(shown)
        links = JobLinks(
            build=_link_to(call, Viewed.BUILD, job.build) if job.build else "",
            earlier="" if before is None else _log_link(call, number, before),
            later=_log_link(call, number, shown.next_offset) if more else "",
            whole=_whole(call, job, shown.attempt),
        )
        return _page(job_page(job, shown, links))

    @route("/builds/{build_id}/view")
    def view_build(call: Call, build_id: str) -> Response:
        """The build's page, with links to its jobs'."""
        from chalicelib.pages.build_page import build_page

        _check(call, Viewed.BUILD, build_id, ())
        build = call.dispatcher.build(build_id)
        server = call.dispatcher.collaborators.settings.github_url or GITHUB
        return _page(
            build_page(
                build,
                job_href=lambda job_id: _link_to(call, Viewed.JOB, job_id),
                commit_url=f"{server}/{build.repository_name}/commit/{build.sha}",
            )
        )

    @route("/jobs/{job_id}/view/log")
    def view_log(call: Call, job_id: str) -> Response:
        """All of the log of ``?attempt``: a link to its archive, or text where there are none."""
        from chalicelib.http.page_log import downloadable
        from chalicelib.pages.log_html import without_colours

        _check(call, Viewed.JOB, job_id, ("attempt",))
        dispatcher, job = call.dispatcher, call.dispatcher.get(job_id)
        attempt = queries.log_place(call.query)[0] or job.attempt
        if not downloadable(dispatcher, job, attempt):
            raise UnknownAttempt(job_id, attempt, job.attempt)
        if dispatcher.has_log_links:
            part = dispatcher.link_to_log(job_id, attempt=attempt)
            if part.link is None:
                raise UnknownAttempt(job_id, attempt, job.attempt)
            return Response(
                body="",
                status_code=302,
                headers={"Location": part.link.url, "Referrer-Policy": "no-referrer"},
            )
        part = dispatcher.read_log(job_id, attempt=attempt, limit=queries.MAX_LOG_BYTES)
        return Response(body=without_colours(part.data), headers={**TEXT_HEADERS})


def _as_page(function: Callable[..., Response]) -> Callable[..., Response]:
    """What can't be shown as a page that says so. People in front of browsers read it."""

    @functools.wraps(function)
    def view(call: Call, **path: str) -> Response:
        from chalicelib.pages.document import away, missing

        try:
            return function(call, **path)
        except (NoBuilds, UnknownBuild, UnknownJob, UnknownAttempt, ApiError):
            return _page(missing(), 404)
        except ServiceTrouble as trouble:
            log.warning("a page could not be made: %s", trouble)
            return _page(away(), 503)

    return view


def _check(call: Call, what: Viewed, id_: str, also: tuple[str, ...]) -> None:
    """Raises ``ApiError`` unless the key fits, before anything of the record is read."""
    queries.only_known(call.query, ("key", *also))
    server_key = call.dispatcher.collaborators.server_key.key()
    if not is_id(id_) or not opens(server_key, what, id_, call.query.get("key", "")):
        raise ApiError(404, "unknown_page", "there is nothing at this address")


def _page(page: Any, status: int = 200) -> Response:
    from chalicelib.pages.document import HEADERS, document

    return Response(body=document(page), status_code=status, headers={**HEADERS})


def _log_link(call: Call, attempt: str, offset: int) -> str:
    place = {"key": call.query["key"], "attempt": attempt, "offset": str(offset)}
    return f"?{urlencode(place)}#log"


def _whole(call: Call, job: Job, attempt: int) -> str:
    from chalicelib.http.page_log import downloadable

    if not downloadable(call.dispatcher, job, attempt):
        return ""
    return f"./view/log?{urlencode({'key': call.query['key'], 'attempt': str(attempt)})}"


def _link_to(call: Call, what: Viewed, id_: str) -> str:
    """From the page of a job or build to another's: relative, as the API has many addresses."""
    key = view_key(call.dispatcher.collaborators.server_key.key(), what, id_)
    return f"../../{what.value}/{id_}/view?key={key}"
