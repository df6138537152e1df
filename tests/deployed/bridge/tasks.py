"""ECS tasks that live as Fargate's do; MiniStack keeps its own records, calls and permissions.

MiniStack's RunTask starts containers without entry point, user, volumes and dependencies, takes a
cached image for a pulled one, gives every stopped task exit code 0, ignores client tokens, and
emits no events. Here its task worker, RunTask and StopTask are replaced: the containers are those
of ``tests.fakes.ecs_server``, which other tests hold to the backend contract.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import docker
from ministack.core.responses import error_response_json, request_scope
from ministack.services import ecs, eventbridge

from tests.deployed.bridge.pulling import PullingContainers
from tests.fakes.ecs_server.tasks import Container, Task

OWNER = os.environ.get("TOWLINE_BRIDGE_OWNER", str(os.getpid()))
BEGINS_WITHIN_S = 5
_lock = threading.Lock()
_lives: dict[str, Task] = {}
_begun = threading.Condition()
_answered: dict[str, tuple[str, Any]] = {}
_containers: PullingContainers | None = None


def bridge() -> None:
    ecs._run_task_worker = _live
    ecs._ACTION_MAP["RunTask"] = _run_task
    ecs._ACTION_MAP["StopTask"] = _stop_task


def close() -> None:
    """Remove every container and volume of this emulator."""
    if _containers is not None:
        _containers.close()


def _started() -> PullingContainers:
    global _containers
    with _lock:
        if _containers is None:
            # Host network: a task reaches the emulator on loopback, where alone it listens.
            _containers = PullingContainers(docker.from_env(), "host", OWNER)
        return _containers


def _run_task(data: dict[str, Any]) -> Any:
    """RunTask once per client token; the same token with other parameters is a conflict."""
    token = data.get("clientToken")
    if not token:
        return _original_run_task(data)
    asked = json.dumps(data, sort_keys=True)
    with _lock:
        if token in _answered:
            before, answer = _answered[token]
            if before == asked:
                return answer
            words = "The request token was used before with other parameters."
            return error_response_json("ConflictException", words, 400)
        answer = _original_run_task(data)
        if answer[0] == 200:
            _answered[token] = (asked, answer)
        return answer


def _stop_task(data: dict[str, Any]) -> Any:
    """Ask the task's containers to end: TERM, then KILL after their stop timeout."""
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    record = ecs._resolve_task(data.get("task", ""), cluster) if cluster else None
    if record is None:
        return _original_stop_task(data)
    with _begun:
        # RunTask answers before its worker has begun.
        _begun.wait_for(lambda: record["taskArn"] in _lives, BEGINS_WITHIN_S)
        life = _lives[record["taskArn"]]
    with life.lock:
        first = life.desired_status == "RUNNING"
        if first:
            life.desired_status = "STOPPED"
            life.stop_code = "UserInitiated"
            life.stopped_reason = data.get("reason") or "Task stopped by user"
    if first:
        life.change(None, "stoppingAt")
        life.stop_wanted.set()
        _started().stop(life)
    return ecs.json_response({"task": ecs._sanitize(record)})


def _live(
    record: dict[str, Any],
    definition: dict[str, Any],
    overrides: list[dict[str, Any]],
    _client: Any,
    account: str,
    region: str,
) -> None:
    """Take a task that MiniStack has recorded through its life; one thread carries it."""

    def tell(task: Task) -> None:
        with request_scope(account, region):
            _note(task, record)
            _emit(record)

    life = Task(
        arn=record["taskArn"],
        cluster=record["clusterArn"].rpartition("/")[2],
        definition=definition,
        parameters={"overrides": {"containerOverrides": overrides}},
        tell=tell,
        containers={
            c["name"]: Container(c["name"], c["image"]) for c in definition["containerDefinitions"]
        },
    )
    life.change("PROVISIONING", "createdAt")
    with _begun:
        _lives[life.arn] = life
        _begun.notify_all()
    with request_scope(account, region):
        _started().start(life)


def _note(task: Task, record: dict[str, Any]) -> None:
    """Show in MiniStack's record what the task is now, for DescribeTasks and ListTasks."""
    shown = task.shown(lambda moment: moment.isoformat())
    containers = {container["name"]: container for container in shown.pop("containers")}
    for unchanged in ("taskArn", "clusterArn", "taskDefinitionArn", "group", "overrides"):
        shown.pop(unchanged)
    record.update(shown)
    for container in record["containers"]:
        told = containers[container["name"]]
        told.pop("containerArn")
        container.update(told)


def _emit(record: dict[str, Any]) -> None:
    """Put the state change on the default bus, where the deployed rules match it.

    The API refuses events from ``aws.*``, as it must; this is the door of MiniStack's own services.
    """
    detail = {**ecs._sanitize(record), "updatedAt": ecs._iso()}
    entry = {
        "Source": "aws.ecs",
        "DetailType": "ECS Task State Change",
        "Detail": json.dumps(detail),
        "Resources": [record["taskArn"]],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


_original_run_task = ecs._run_task
_original_stop_task = ecs._stop_task
