"""Every way into the service: routes, the launch queue, task state changes, the schedule.

Each handler reads its input, makes one call and renders the answer. What they mean is in
docs/architecture.md; the runner's three routes are in docs/protocol.md.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Response, SQSEvent

from chalicelib import observability, wiring
from chalicelib.domain.spec import JobSpec
from chalicelib.http import bodies, queries, views
from chalicelib.http.api import Api, Call, answer
from chalicelib.http.errors import ApiError
from chalicelib.ports import Scope
from chalicelib.usecases.claim import ClaimRequest
from chalicelib.usecases.heartbeat import HeartbeatRequest
from chalicelib.usecases.read_log import MAX_BYTES
from chalicelib.usecases.report import ReportRequest
from chalicelib.version import VERSION

app = Chalice(app_name="towline", configure_logs=False)
api = Api(app, wiring.dispatcher)

if observability.on_lambda():
    observability.start_logging()


# --- jobs ----------------------------------------------------------------------------------------


@app.route("/jobs", methods=["POST"])
@api.route(Scope.SUBMIT)
def submit(call: Call) -> Response:
    """Accept a job: the body is its spec. 202; a repeat with the same Idempotency-Key too."""
    job = call.dispatcher.submit(
        call.body(JobSpec),
        submitted_by=call.caller,
        idempotency_key=queries.idempotency_key(call.header("Idempotency-Key")),
    )
    return answer(202, {"job": views.job_view(job)}, {"Location": f"/jobs/{job.id}"})


@app.route("/jobs", methods=["GET"])
@api.route(Scope.READ)
def list_jobs(call: Call) -> dict[str, Any]:
    """Jobs, newest first: ``?project&state&verdict&limit&cursor``."""
    query = queries.job_filter(call.query)
    try:
        return views.jobs_view(call.dispatcher.list(query))
    except ValueError:
        raise ApiError(400, "invalid", "cursor is not one that a list gave", "cursor") from None


@app.route("/jobs/{job_id}", methods=["GET"])
@api.route(Scope.READ)
def get_job(call: Call, job_id: str) -> dict[str, Any]:
    """One job with its attempts, their evidence, and what it all means in plain words."""
    return {"job": views.explained_job_view(call.dispatcher.get(queries.job_id(job_id)))}


@app.route("/jobs/{job_id}/cancel", methods=["POST"])
@api.route(Scope.CANCEL)
def cancel(call: Call, job_id: str) -> dict[str, Any]:
    """Ask for the job's end; one that is finished is given back unchanged."""
    return {"job": views.job_view(call.dispatcher.cancel(queries.job_id(job_id)))}


@app.route("/jobs/{job_id}/rerun", methods=["POST"])
@api.route(Scope.SUBMIT)
def rerun(call: Call, job_id: str) -> Response:
    """A new job with the same spec."""
    job = call.dispatcher.rerun(
        queries.job_id(job_id),
        submitted_by=call.caller,
        idempotency_key=queries.idempotency_key(call.header("Idempotency-Key")),
    )
    return answer(202, {"job": views.job_view(job)}, {"Location": f"/jobs/{job.id}"})


@app.route("/jobs/{job_id}/log", methods=["GET"])
@api.route(Scope.READ)
def read_log(call: Call, job_id: str) -> dict[str, Any]:
    """Bytes of the log: ``?attempt&offset&limit``."""
    query = call.query
    queries.only_known(query, ("attempt", "offset", "limit"))
    part = call.dispatcher.read_log(
        queries.job_id(job_id),
        attempt=queries.whole_number(query, "attempt", 0, least=1, most=999_999) or None,
        offset=queries.whole_number(query, "offset", 0, least=0, most=1 << 50),
        limit=queries.whole_number(
            query, "limit", queries.DEFAULT_LOG_BYTES, least=1, most=MAX_BYTES
        ),
    )
    return views.log_view(part)


# --- the runner: docs/protocol.md ----------------------------------------------------------------


@app.route("/runner/claim", methods=["POST"])
@api.route(None)
def claim(call: Call) -> dict[str, Any]:
    """A runner exchanges its token for the job."""
    body = call.body(bodies.ClaimBody)
    return call.dispatcher.claim(ClaimRequest(body.job, body.token, body.nonce))


@app.route("/runner/heartbeat", methods=["POST"])
@api.route(None)
def heartbeat(call: Call) -> dict[str, Any]:
    """A runner says that it is alive."""
    body = call.body(bodies.HeartbeatBody)
    return call.dispatcher.heartbeat(
        HeartbeatRequest(body.job, body.attempt, body.lease, body.log_bytes)
    )


@app.route("/runner/report", methods=["POST"])
@api.route(None)
def report(call: Call) -> dict[str, Any]:
    """A runner says what it saw; answering acknowledges it."""
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


@app.route("/tokens", methods=["POST"])
@api.route(Scope.ADMIN)
def create_token(call: Call) -> Response:
    """A new token. Its text is in this answer and nowhere else, ever."""
    body = call.body(bodies.TokenBody)
    token, text = call.dispatcher.create_token(
        body.name, body.scopes, expires_in_s=body.expires_in_s
    )
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
    return queries.project_name(call.query.get("project", "default"))


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


@app.schedule("rate(1 minute)")
def reaper(event: CloudWatchEvent) -> None:
    """Repair what lost events broke."""
    with observability.invocation(event.context):
        wiring.dispatcher().reap()
