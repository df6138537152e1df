"""What AWS calls the app with: batches of the queue, task state changes, the schedule."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import pytest

import app
from chalicelib.domain.ecs_event import started_by
from chalicelib.domain.job import State
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.verdict import Verdict
from chalicelib.launch_batch import PAUSE_S, take_batch
from chalicelib.ports import TryLater
from chalicelib.usecases.dispatcher import Dispatcher
from tests.usecases.world import World, a_report


@dataclass
class Context:
    function_name: str = "towline-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:towline-test"
    aws_request_id: str = "request-1"


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:towline-launch",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def state_change(world: World, job_id: str, exit_code: int, version: int = 4) -> dict[str, Any]:
    task = world.get(job_id).attempts["1"].task_id
    return {
        "version": "0",
        "id": "1",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "123456789012",
        "time": "2026-01-02T03:04:05Z",
        "region": "us-east-1",
        "resources": [task],
        "detail": {
            "taskArn": task,
            "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/towline",
            "startedBy": started_by(job_id, 1, 1),
            "version": version,
            "lastStatus": "DEPROVISIONING",
            "desiredStatus": "STOPPED",
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "createdAt": "2026-01-02T03:00:00Z",
            "startedAt": "2026-01-02T03:01:00Z",
            "containers": [
                {"name": "job", "lastStatus": "STOPPED", "exitCode": exit_code, "image": "i"}
            ],
            "overrides": {"containerOverrides": []},
        },
    }


def test_a_batch_launches_each_job_and_reports_only_poison_as_failed(world: World) -> None:
    jobs = [world.submit().id for _ in range(3)]
    event = batch(jobs[0], "not an id", jobs[1], '{"job": 1}', jobs[2])
    answer = app.launcher(event, Context())
    assert answer == {
        "batchItemFailures": [
            {"itemIdentifier": "message-1"},
            {"itemIdentifier": "message-3"},
        ]
    }
    assert all(world.get(job).state is State.STARTING for job in jobs)
    assert world.figures.counts["MessagesPoisoned"] == 2


def test_a_batch_of_nothing_but_poison_is_answered_and_does_not_raise(world: World) -> None:
    answer = app.launcher(batch("a", "b"), Context())
    assert len(answer["batchItemFailures"]) == 2


def test_one_launch_that_breaks_does_not_touch_the_others(world: World) -> None:
    jobs = [world.submit().id for _ in range(3)]
    world.queue.take()
    world.backend.answers = [RuntimeError("a bug")]
    assert app.launcher(batch(*jobs), Context()) == {"batchItemFailures": []}
    states = [world.get(job).state for job in jobs]
    assert states == [State.STARTING] * 3
    assert len(world.backend.tasks) == 2
    [(sent, delay_s)] = world.queue.take()
    assert sent == jobs[0]
    assert delay_s > 0


def test_a_task_state_change_brings_the_second_witness(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    event = state_change(world, job.id, 0)
    app.task_state(event, Context())
    app.task_state(event, Context())
    assert world.get(job.id).verdict is Verdict.PASSED


@pytest.mark.parametrize("detail", [{}, {"containers": []}, {"startedBy": "somebody-else"}, None])
def test_events_of_others_and_odd_ones_are_no_error(world: World, detail: object) -> None:
    event = {**state_change(world, world.running().id, 0), "detail": detail}
    app.task_state(event, Context())


def test_the_schedule_runs_the_reaper(world: World) -> None:
    job = world.submit()
    world.queue.take()
    world.wait(60)
    app.reaper(
        {
            "version": "0",
            "account": "1",
            "region": "us-east-1",
            "detail": {},
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "time": "2026-01-02T03:04:05Z",
            "id": "1",
            "resources": ["arn:aws:events:us-east-1:1:rule/reaper"],
        },
        Context(),
    )
    assert world.queue.take() == [(job.id, 0)]


def claim_event(protocol: int) -> dict[str, Any]:
    return {
        "requestContext": {"resourcePath": "/runner/claim", "httpMethod": "POST"},
        "headers": {"content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps({"protocol": protocol, "job": "j", "token": "t", "nonce": "n"}),
        "isBase64Encoded": False,
    }


def test_overlapping_requests_never_see_each_others_body(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = 8
    all_have_begun = threading.Barrier(threads, timeout=60)

    def dispatcher_when_all_have_begun() -> Dispatcher:
        all_have_begun.wait()
        return world.dispatcher

    monkeypatch.setattr(app.api, "_dispatcher", dispatcher_when_all_have_begun)
    refusals: dict[int, str] = {}

    def call(protocol: int) -> None:
        body = json.loads(app.app(claim_event(protocol), Context())["body"])
        refusals[protocol] = body["error"]["message"]

    callers = [threading.Thread(target=call, args=[1000 + n]) for n in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    # Each refusal quotes what its own body held.
    assert len(refusals) == threads
    assert all(words.endswith(f"not {protocol}") for protocol, words in refusals.items())


@pytest.mark.parametrize(
    ("why", "pauses"),
    [(PutOff.THROTTLED, [PAUSE_S]), (PutOff.CAPACITY, [PAUSE_S]), (PutOff.OTHER, [])],
)
def test_a_launcher_that_is_told_later_slows_down_before_its_next_message(
    world: World, why: PutOff, pauses: list[float]
) -> None:
    put_off, launched = world.submit(), world.submit()
    world.backend.answers = [TryLater("Rate exceeded", 5, definite=False, why=why)]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        assert world.get(launched.id).state is State.QUEUED
        slept.append(seconds)

    answer = take_batch(batch(put_off.id, launched.id), Context(), world.dispatcher, sleep=sleep)
    assert answer == {"batchItemFailures": []}
    assert slept == pauses
    assert world.get(launched.id).attempts["1"].task_id
