"""The routes of jobs: submitted, looked at, ended, run again; their logs and what they cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalice.app import Chalice, Response

from chalicelib.http import queries, reach, views
from chalicelib.http.api import Api, Call, answer
from chalicelib.http.errors import ApiError
from chalicelib.ports import Scope


def add_job_routes(app: Chalice, api: Api) -> None:
    """``/jobs`` and below, and ``/costs``."""
    _add_lives(app, api)
    _add_logs(app, api)
    _add_costs(app, api)


def _add_lives(app: Chalice, api: Api) -> None:
    @app.route("/jobs", methods=["POST"])
    @api.route(Scope.SUBMIT)
    def submit(call: Call) -> Response:
        """Accept a job: the body is its spec. 202; a repeat with the same Idempotency-Key too."""
        job = call.dispatcher.submit(
            reach.spec_of(call),
            submitted_by=call.caller,
            idempotency_key=queries.idempotency_key(call.header("Idempotency-Key")),
        )
        return answer(202, {"job": views.job_view(job)}, {"Location": f"/jobs/{job.id}"})

    @app.route("/jobs", methods=["GET"])
    @api.route(Scope.READ)
    def list_jobs(call: Call) -> dict[str, Any]:
        """Jobs, newest first: ``?project&state&verdict&limit&cursor``."""
        query = queries.job_filter(call.query)
        query = replace(query, project=reach.project_filter(call, query.project))
        try:
            return views.jobs_view(call.dispatcher.list(query))
        except ValueError:
            raise ApiError(400, "invalid", "cursor is not one that a list gave", "cursor") from None

    @app.route("/jobs/{job_id}", methods=["GET"])
    @api.route(Scope.READ)
    def get_job(call: Call, job_id: str) -> dict[str, Any]:
        """One job with its attempts, their evidence, and what it all means in plain words."""
        job = call.dispatcher.get(reach.job_id(call, job_id))
        return {"job": views.explained_job_view(job, call.dispatcher)}

    @app.route("/jobs/{job_id}/cancel", methods=["POST"])
    @api.route(Scope.CANCEL)
    def cancel(call: Call, job_id: str) -> dict[str, Any]:
        """Ask for the job's end; one that is finished is given back unchanged."""
        return {"job": views.job_view(call.dispatcher.cancel(reach.job_id(call, job_id)))}

    @app.route("/jobs/{job_id}/rerun", methods=["POST"])
    @api.route(Scope.SUBMIT)
    def rerun(call: Call, job_id: str) -> Response:
        """A new job with the same spec."""
        job = call.dispatcher.rerun(
            reach.job_id(call, job_id),
            submitted_by=call.caller,
            idempotency_key=queries.idempotency_key(call.header("Idempotency-Key")),
        )
        return answer(202, {"job": views.job_view(job)}, {"Location": f"/jobs/{job.id}"})


def _add_logs(app: Chalice, api: Api) -> None:
    @app.route("/jobs/{job_id}/log", methods=["GET"])
    @api.route(Scope.READ)
    def read_log(call: Call, job_id: str) -> dict[str, Any]:
        """Bytes of the log, or a link to them: ``?attempt&offset&limit&link``."""
        query = call.query
        queries.only_known(query, ("attempt", "offset", "limit", "link"))
        attempt, offset = queries.log_place(query)
        part = call.dispatcher.read_log(
            reach.job_id(call, job_id),
            attempt=attempt,
            offset=offset,
            limit=queries.log_limit(query),
            links=queries.links(query),
        )
        return views.log_view(part)

    @app.route("/jobs/{job_id}/log/raw", methods=["GET"])
    @api.route(Scope.READ)
    def redirect_to_log(call: Call, job_id: str) -> Response:
        """To the object that holds the log ``?attempt`` at ``?offset``; 204 when there is none."""
        query = call.query
        queries.only_known(query, ("attempt", "offset"))
        attempt, offset = queries.log_place(query)
        dispatcher = call.dispatcher
        if not dispatcher.has_log_links:
            raise ApiError(
                404,
                "no_links",
                "this service keeps its logs in memory: read /jobs/{id}/log instead",
            )
        part = dispatcher.link_to_log(reach.job_id(call, job_id), attempt=attempt, offset=offset)
        headers = views.log_headers(part)
        if part.link is None:
            return Response(body="", status_code=204, headers={**headers})
        return answer(302, {}, {**headers, "Location": part.link.url})


def _add_costs(app: Chalice, api: Api) -> None:
    @app.route("/costs", methods=["GET"])
    @api.route(Scope.READ)
    def costs(call: Call) -> dict[str, Any]:
        """What the jobs submitted ``?since`` a time cost, by project: ``?project&cursor``."""
        query = call.query
        queries.only_known(query, ("since", "project", "cursor"))
        since = queries.moment(query, "since")
        asked = queries.project_name(query["project"]) if "project" in query else None
        project = reach.project_filter(call, asked)
        try:
            part = call.dispatcher.costs(since=since, project=project, cursor=query.get("cursor"))
        except ValueError:
            raise ApiError(400, "invalid", "cursor is not one that a sum gave", "cursor") from None
        return views.costs_view(part)
