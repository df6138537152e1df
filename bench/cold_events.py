"""A deployment on moto and the first events of its functions, each made anew when asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore.session import get_session

from bench.aws_requests import SETTINGS, SPEC, with_network
from chalicelib import wiring
from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.provision import create_resources
from chalicelib.domain.ecs_event import DETAIL_TYPE, started_by
from chalicelib.ports import Scope
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from towline.local.embedded_aws import REGION
from towline.local.lambda_events import sqs_batch

Event = Callable[[], dict[str, Any]]


def first_events(endpoint: str) -> tuple[dict[str, str], dict[str, Event]]:
    """A function's environment, and by name what ``cold_process`` is to be asked."""
    keys = AwsCredentials("bench", "bench")
    clients = AwsClients(region=REGION, endpoint=endpoint, credentials=keys)
    settings = with_network(
        replace(SETTINGS, queue_url=f"{endpoint}/123456789012/towline-bench"),
        get_session(),
        endpoint,
    )
    create_resources(clients, settings)
    dispatcher = wiring.build(settings, clients)
    _, token = dispatcher.create_token("bench", [Scope.ADMIN])
    environ = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_LAMBDA_FUNCTION_NAME": "towline-bench",
        "TOWLINE_TABLE": settings.table,
        "TOWLINE_BUCKET": settings.bucket,
        "TOWLINE_QUEUE_URL": settings.queue_url,
        "TOWLINE_PUBLIC_URL": settings.public_url,
        "TOWLINE_CLUSTER": settings.cluster,
        "TOWLINE_SUBNETS": ",".join(settings.subnets),
        "TOWLINE_SECURITY_GROUPS": ",".join(settings.security_groups),
        "TOWLINE_RUNNER_IMAGE": settings.runner_image,
        "TOWLINE_EXECUTION_ROLE_ARN": settings.execution_role_arn,
        "TOWLINE_LOG_GROUP": settings.log_group,
    }
    spec = SPEC.model_dump(mode="json", exclude_defaults=True)
    return environ, {
        "submit": lambda: _request("/jobs", spec, token),
        "claim": lambda: _claim(dispatcher),
        "launch": lambda: _launch(dispatcher),
        "task state": lambda: _task_state(dispatcher),
    }


def _request(path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    """As API Gateway's proxy integration asks."""
    headers = {"content-type": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    event = {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": path, "httpMethod": "POST", "identity": {}},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    return {"module": "app", "handler": "app", "event": event}


def _claim(dispatcher: Dispatcher) -> dict[str, Any]:
    job = dispatcher.submit(SPEC, submitted_by="bench")
    dispatcher.launch(job.id)
    token = claim_token(dispatcher.collaborators.server_key.key(), job.id, 1)
    body = {"protocol": 1, "job": job.id, "token": token, "nonce": "0" * 32}
    return _request("/runner/claim", body)


def _launch(dispatcher: Dispatcher) -> dict[str, Any]:
    job = dispatcher.submit(SPEC, submitted_by="bench")
    message = {"MessageId": "1", "ReceiptHandle": "1", "Body": job.id, "MD5OfBody": ""}
    return {"module": "app", "handler": "launcher", "event": sqs_batch([message], "towline")}


def _task_state(dispatcher: Dispatcher) -> dict[str, Any]:
    job = dispatcher.submit(SPEC, submitted_by="bench")
    dispatcher.launch(job.id)
    attempt = dispatcher.get(job.id).current
    assert attempt is not None
    detail = {
        "taskArn": attempt.task_id,
        "startedBy": started_by(job.id, attempt.number, attempt.launch_try),
        "version": 5,
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "containers": [{"name": "job", "lastStatus": "STOPPED", "exitCode": 0}],
    }
    event = {"detail-type": DETAIL_TYPE, "source": "aws.ecs", "detail": detail}
    whole = {**event, "account": "123456789012", "region": REGION, "resources": [], "id": "1"}
    whole |= {"time": "2026-01-01T00:00:00Z", "version": "0"}
    return {"module": "app", "handler": "task_state", "event": whole}
