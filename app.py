"""Every way into the service: routes, queues, task state changes, the schedule, the stream.

Routes are in ``chalicelib/http``, a file for each thing that is asked about. Each handler here
reads its input, makes one call and renders the answer. What they mean is in docs/architecture.md.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, SQSEvent

from chalicelib import observability, wiring
from chalicelib.http.api import Api, Call
from chalicelib.http.badge_routes import add_badge_routes
from chalicelib.http.build_routes import add_build_routes
from chalicelib.http.github_routes import add_github_routes
from chalicelib.http.job_routes import add_job_routes
from chalicelib.http.page_routes import add_page_routes
from chalicelib.http.project_routes import add_project_routes
from chalicelib.http.runner_routes import add_runner_routes
from chalicelib.http.secret_routes import add_secret_routes
from chalicelib.http.token_routes import add_token_routes
from chalicelib.http.webhook_route import add_webhook_route
from chalicelib.version import VERSION

app = Chalice(app_name="towline", configure_logs=False)
api = Api(app, wiring.dispatcher)

STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/towline/stream/towline"
"""Chalice wants one; the template puts the table's own in its place."""

if observability.on_lambda():
    observability.start_logging()

add_job_routes(app, api)
add_runner_routes(app, api)
add_secret_routes(app, api)
add_token_routes(app, api)
add_project_routes(app, api)
add_build_routes(app, api)
add_webhook_route(app, api)
add_github_routes(app, api)
add_page_routes(app, api)
add_badge_routes(app, api)


@app.route("/health", methods=["GET"])
@api.route(None)
def health(call: Call) -> dict[str, Any]:
    """That the service answers; needs no token and asks nothing of AWS."""
    return {"status": "ok", "version": VERSION, "backend": call.dispatcher.backend_name}


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
