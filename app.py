"""Every way into the service: routes, queues, task state changes, the schedule, the stream.

Each handler reads its input, makes one call and renders the answer. What they mean is in
docs/architecture.md; the runner's three routes are in docs/protocol.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, Response, SQSEvent

from chalicelib import observability, wiring
from chalicelib.http import bodies, queries, reach, views
from chalicelib.http.api import Api, Call, answer
from chalicelib.http.badge_routes import add_badge_routes
from chalicelib.http.build_routes import add_build_routes
from chalicelib.http.errors import ApiError
from chalicelib.http.github_routes import add_github_routes
from chalicelib.http.page_routes import add_page_routes
from chalicelib.http.project_routes import add_project_routes
from chalicelib.http.webhook_route import add_webhook_route
from chalicelib.ports import RegistryLogin, Scope
from chalicelib.version import VERSION

app = Chalice(app_name="towline", configure_logs=False)
api = Api(app, wiring.dispatcher)

STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/towline/stream/towline"
"""Chalice wants one; the template puts the table's own in its place."""

if observability.on_lambda():
    observability.start_logging()


# --- jobs ----------------------------------------------------------------------------------------


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
    """To the one object that holds the log ``?attempt`` at ``?offset``; 204 when there is none."""
    query = call.query
    queries.only_known(query, ("attempt", "offset"))
    attempt, offset = queries.log_place(query)
    dispatcher = call.dispatcher
    if not dispatcher.has_log_links:
        raise ApiError(
            404, "no_links", "this service keeps its logs in memory: read /jobs/{id}/log instead"
        )
    part = dispatcher.link_to_log(reach.job_id(call, job_id), attempt=attempt, offset=offset)
    headers = views.log_headers(part)
    if part.link is None:
        return Response(body="", status_code=204, headers={**headers})
    return answer(302, {}, {**headers, "Location": part.link.url})


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


# --- the runner: docs/protocol.md ----------------------------------------------------------------


@app.route("/runner/claim", methods=["POST"])
@api.route(None)
def claim(call: Call) -> dict[str, Any]:
    """A runner exchanges its token for the job."""
    from chalicelib.usecases.claim import ClaimRequest

    body = call.body(bodies.ClaimBody)
    return call.dispatcher.claim(ClaimRequest(body.job, body.token, body.nonce))


@app.route("/runner/heartbeat", methods=["POST"])
@api.route(None)
def heartbeat(call: Call) -> dict[str, Any]:
    """A runner says that it is alive."""
    from chalicelib.usecases.heartbeat import HeartbeatRequest

    body = call.body(bodies.HeartbeatBody)
    return call.dispatcher.heartbeat(
        HeartbeatRequest(body.job, body.attempt, body.lease, body.log_bytes)
    )


@app.route("/runner/report", methods=["POST"])
@api.route(None)
def report(call: Call) -> dict[str, Any]:
    """A runner says what it saw; answering acknowledges it."""
    from chalicelib.usecases.report import ReportRequest

    body = call.body(bodies.ReportBody)
    call.dispatcher.report(ReportRequest(body.job, body.attempt, body.lease, body.report))
    return {"acknowledged": True}


# --- projects' secrets, tokens, health -----------------------------------------------------------


@app.route("/secrets", methods=["GET"])
@api.route(Scope.ADMIN)
def list_secrets(call: Call) -> dict[str, Any]:
    """The names of ``?project``'s secrets; values are never given back."""
    return {"secrets": list(call.dispatcher.secret_names(_project(call)))}


@app.route("/secrets/{name}", methods=["PUT"])
@api.route(Scope.ADMIN)
def put_secret(call: Call, name: str) -> dict[str, Any]:
    """Keep a secret of ``?project``, or replace it."""
    project, name = _project(call), queries.secret_name(name)
    value = call.body(bodies.SecretBody).value
    try:
        call.dispatcher.put_secret(project, name, value)
    except ValueError as trouble:
        raise ApiError(400, "invalid", str(trouble), "value") from None
    return {"secret": {"project": project, "name": name}}


@app.route("/secrets/{name}", methods=["DELETE"])
@api.route(Scope.ADMIN)
def delete_secret(call: Call, name: str) -> dict[str, Any]:
    """Forget a secret of ``?project``."""
    project, name = _project(call), queries.secret_name(name)
    if not call.dispatcher.delete_secret(project, name):
        raise ApiError(404, "unknown_secret", f"project {project!r} has no secret {name!r}")
    return {"secret": {"project": project, "name": name}}


@app.route("/registries", methods=["GET"])
@api.route(Scope.ADMIN)
def list_registry_credentials(call: Call) -> dict[str, Any]:
    """Names of kept registry credentials and the registry of each; passwords never come back."""
    kept = call.dispatcher.registry_credentials()
    return {"registries": [{"name": name, "registry": host} for name, host in kept.items()]}


@app.route("/registries/{name}", methods=["PUT"])
@api.route(Scope.ADMIN)
def put_registry_credentials(call: Call, name: str) -> dict[str, Any]:
    """Keep a login that jobs may name for their private images, or replace it."""
    name, body = queries.registry_credentials_name(name), call.body(bodies.RegistryBody)
    login = RegistryLogin(body.registry, body.username, body.password)
    try:
        call.dispatcher.put_registry_credentials(name, login)
    except ValueError as trouble:
        raise ApiError(400, "invalid", str(trouble), "password") from None
    return {"registry": {"name": name, "registry": body.registry}}


@app.route("/registries/{name}", methods=["DELETE"])
@api.route(Scope.ADMIN)
def delete_registry_credentials(call: Call, name: str) -> dict[str, Any]:
    """Forget a login."""
    name = queries.registry_credentials_name(name)
    if not call.dispatcher.delete_registry_credentials(name):
        sentence = f"there are no registry credentials {name!r}"
        raise ApiError(404, "unknown_registry_credentials", sentence)
    return {"registry": {"name": name}}


@app.route("/tokens", methods=["POST"])
@api.route(Scope.ADMIN)
def create_token(call: Call) -> Response:
    """A new token. Its text is in this answer and nowhere else, ever."""
    body = call.body(bodies.TokenBody)
    try:
        token, text = call.dispatcher.create_token(
            body.name, body.scopes, expires_in_s=body.expires_in_s, project=body.project
        )
    except ValueError as trouble:
        raise ApiError(400, "invalid", str(trouble), "scopes") from None
    return answer(201, {"token": views.token_view(token), "text": text})


@app.route("/tokens", methods=["GET"])
@api.route(Scope.ADMIN)
def list_tokens(call: Call) -> dict[str, Any]:
    """All tokens, without their texts."""
    return {"tokens": [views.token_view(token) for token in call.dispatcher.tokens()]}


@app.route("/tokens/{token_id}", methods=["DELETE"])
@api.route(Scope.ADMIN)
def revoke_token(call: Call, token_id: str) -> dict[str, Any]:
    """Revoke a token; it may still work for the 30 s that it is cached."""
    if not call.dispatcher.revoke_token(token_id):
        raise ApiError(404, "unknown_token", f"there is no token {token_id[:100]!r}")
    return {"revoked": token_id}


@app.route("/health", methods=["GET"])
@api.route(None)
def health(call: Call) -> dict[str, Any]:
    """That the service answers; needs no token and asks nothing of AWS."""
    return {"status": "ok", "version": VERSION, "backend": call.dispatcher.backend_name}


def _project(call: Call) -> str:
    queries.only_known(call.query, ("project",))
    return call.dispatcher.canonical_name(
        queries.project_name(call.query.get("project", "default"))
    )


add_project_routes(app, api)
add_build_routes(app, api)
add_webhook_route(app, api)
add_github_routes(app, api)
add_page_routes(app, api)
add_badge_routes(app, api)


# --- the queue, the engine, the clock ------------------------------------------------------------


@app.on_sqs_message(queue="towline-launch", batch_size=10)
def launcher(event: SQSEvent) -> dict[str, Any]:
    """Launch the jobs of a batch; only poison is reported as failed."""
    from chalicelib.launch_batch import take_batch

    return take_batch(event.to_dict(), event.context, wiring.dispatcher())


@app.on_cw_event({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]})
def task_state(event: CloudWatchEvent) -> None:
    """The second witness: a task's container has stopped."""
    from chalicelib.domain.ecs_event import parse

    stopped = parse(event.to_dict())
    if stopped is not None:
        with observability.invocation(event.context):
            wiring.dispatcher().observe_stop(stopped.job_id, stopped.attempt, stopped.stop)


@app.on_sqs_message(queue="towline-builds.fifo", batch_size=1)
def builder(event: SQSEvent) -> dict[str, Any]:
    """Make builds of accepted deliveries."""
    from chalicelib.build_batches import take_deliveries

    return take_deliveries(event.to_dict(), event.context, wiring.dispatcher())


@app.on_sqs_message(queue="towline-notices.fifo", batch_size=1)
def notifier(event: SQSEvent) -> dict[str, Any]:
    """Take builds on as their jobs end, and tell GitHub how they stand."""
    from chalicelib.build_batches import take_notices

    return take_notices(event.to_dict(), event.context, wiring.dispatcher())


@app.on_dynamodb_record(stream_arn=STREAM, batch_size=100)
def outbox(event: DynamoDBEvent) -> dict[str, Any]:
    """Changes of builds and their jobs, out of the table's stream, into notices."""
    from chalicelib.build_batches import take_changes

    return take_changes(event.to_dict(), event.context, wiring.dispatcher())


@app.schedule("rate(1 minute)")
def reaper(event: CloudWatchEvent) -> None:
    """Repair what lost events broke."""
    with observability.invocation(event.context):
        wiring.dispatcher().reap()
