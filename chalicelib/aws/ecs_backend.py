"""Starts jobs as Fargate tasks: RunTask, StopTask, DescribeTasks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.ecs_definitions import TaskDefinitions, is_missing_definition
from chalicelib.aws.ecs_site import EcsSite
from chalicelib.aws.ecs_views import owned_task, views
from chalicelib.aws.errors import error_code, error_message, service_calls
from chalicelib.aws.task_definitions import task_definition
from chalicelib.domain.ecs_event import (
    ATTEMPT_TAG,
    JOB_CONTAINER,
    JOB_TAG,
    JOB_VARIABLE,
    TOKEN_VARIABLE,
    started_by,
)
from chalicelib.domain.evidence import TaskState
from chalicelib.domain.fargate_shapes import smallest_shape
from chalicelib.domain.launch_refusals import RefusalKind, classify_refusal
from chalicelib.domain.verdict import Cause
from chalicelib.ports import (
    Launched,
    LaunchOutcome,
    LaunchRequest,
    OwnedTask,
    Refused,
    TaskView,
    TryLater,
)

TASKS_A_CALL = 100
"""The most that DescribeTasks and ListTasks take."""
MAX_REASON = 255
CONFLICT_DELAY_S = 5


class EcsBackend:
    """``ports.Backend`` over one cluster.

    A launch is one RunTask when its task definition is known here. Task ids are task ARNs.
    """

    name = "ecs"

    def __init__(self, clients: AwsClients, site: EcsSite) -> None:
        self._clients = clients
        self._site = site
        self._definitions = TaskDefinitions(clients)

    def release(self) -> str:
        return self._site.runner_image

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        """One RunTask. Its client token is made from job, attempt and launch try, and all else
        in it from the request, so the same request gives the same task for as long as it lives.
        """
        from botocore.exceptions import ClientError

        shape = smallest_shape(request.cpu, request.memory_mib)
        if shape is None:
            asked = f"{request.cpu:g} vCPU and {request.memory_mib} MiB"
            return Refused(Cause.LAUNCH_REFUSED, f"Fargate offers no task with {asked}")
        definition = task_definition(self._site, request, shape)
        family = definition["family"]
        with service_calls(f"start a task for job {request.job_id}"):
            try:
                self._definitions.ensure(definition)
                answer = self._clients.ecs().run_task(**self._run_arguments(request, family))
            except ClientError as error:
                if is_missing_definition(error):
                    self._definitions.forget(family)
                    return TryLater(_said(error), CONFLICT_DELAY_S, definite=False)
                return self._after_error(request, error)
        return _outcome(answer)

    def stop(self, task_id: str, reason: str) -> None:
        from botocore.exceptions import ClientError

        with service_calls(f"stop task {task_id}"):
            try:
                self._clients.ecs().stop_task(
                    cluster=self._site.cluster, task=task_id, reason=reason[:MAX_REASON]
                )
            except ClientError as error:
                if not _is_unknown_task(error):
                    raise

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        found: dict[str, TaskView] = {}
        for start in range(0, len(task_ids), TASKS_A_CALL):
            asked = list(task_ids[start : start + TASKS_A_CALL])
            for view in views(self._describe(asked)):
                found[view.task_id] = view
        return {
            task_id: found.get(task_id, TaskView(task_id, TaskState.UNKNOWN))
            for task_id in task_ids
        }

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        with service_calls(f"look for the task of job {job_id}"):
            task_id = self._marked(started_by(job_id, attempt, launch_try))
        view = self.describe([task_id])[task_id] if task_id is not None else None
        return None if view is None or view.state is TaskState.UNKNOWN else view

    def owned(self) -> Iterable[OwnedTask]:
        """Tasks that were not told to stop, in no certain order; two requests per hundred."""
        with service_calls("list the tasks of the cluster"):
            pages = self._clients.ecs().get_paginator("list_tasks")
            for page in pages.paginate(cluster=self._site.cluster, desiredStatus="RUNNING"):
                if page["taskArns"]:
                    for task in self._describe(page["taskArns"])["tasks"]:
                        owned = owned_task(task)
                        if owned is not None:
                            yield owned

    def _describe(self, task_ids: Sequence[str]) -> Any:
        with service_calls("look at tasks"):
            return self._clients.ecs().describe_tasks(
                cluster=self._site.cluster, tasks=list(task_ids)
            )

    def _run_arguments(self, request: LaunchRequest, family: str) -> Any:
        environment = [
            {"name": JOB_VARIABLE, "value": request.job_id},
            {"name": TOKEN_VARIABLE, "value": request.token},
        ]
        network = {
            "subnets": list(self._site.subnets),
            "securityGroups": list(self._site.security_groups),
            "assignPublicIp": "ENABLED" if self._site.public_ip else "DISABLED",
        }
        return {
            "cluster": self._site.cluster,
            # Without a revision: it is one content whichever it is, and a repeated request
            # stays identical after another process has registered it again.
            "taskDefinition": family,
            "count": 1,
            **_capacity(request),
            "networkConfiguration": {"awsvpcConfiguration": network},
            "overrides": {
                "containerOverrides": [{"name": JOB_CONTAINER, "environment": environment}]
            },
            "startedBy": started_by(request.job_id, request.attempt, request.launch_try),
            "clientToken": client_token(request),
            "tags": [
                {"key": JOB_TAG, "value": request.job_id},
                {"key": ATTEMPT_TAG, "value": str(request.attempt)},
            ],
        }

    def _after_error(self, request: LaunchRequest, error: Any) -> LaunchOutcome:
        refusal = classify_refusal(error_code(error), error_message(error))
        if refusal.kind is RefusalKind.REFUSED:
            return Refused(refusal.cause, _said(error))
        if refusal.kind is RefusalKind.ALREADY_STARTED:
            task_id = self._started_before(request, error)
            if task_id is not None:
                return Launched(task_id)
            return TryLater(_said(error), CONFLICT_DELAY_S, definite=False)
        definite = refusal.kind is RefusalKind.LATER_NEW_TOKEN
        return TryLater(_said(error), refusal.delay_s, definite=definite, why=refusal.why)

    def _started_before(self, request: LaunchRequest, error: Any) -> str | None:
        """The task that this try started with other parameters, as after a change of settings.

        The client token is this try's alone, so whatever has it is this try's task.
        """
        named = [arn for arn in error.response.get("resourceIds") or [] if ":task/" in arn]
        if named:
            return str(named[0])
        return self._marked(started_by(request.job_id, request.attempt, request.launch_try))

    def _marked(self, mark: str) -> str | None:
        """The task that was started by this mark; ECS lists stopped ones for about an hour."""
        for status in ("RUNNING", "STOPPED"):
            answer = self._clients.ecs().list_tasks(
                cluster=self._site.cluster, startedBy=mark, desiredStatus=status
            )
            if answer["taskArns"]:
                return answer["taskArns"][0]
        return None


def _capacity(request: LaunchRequest) -> dict[str, Any]:
    """A launch type or a strategy, as ECS takes only one. Without a platform version: LATEST,
    which Spot needs for arm64.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
    """
    if request.capacity == "on_demand":
        return {"launchType": "FARGATE"}
    return {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}


def client_token(request: LaunchRequest) -> str:
    """64 characters, the most that RunTask takes: the same for the same job, attempt and try."""
    text = f"{request.job_id}/{request.attempt}/{request.launch_try}"
    return hashlib.sha256(text.encode()).hexdigest()


def _outcome(answer: Any) -> LaunchOutcome:
    """What an answer with HTTP status 200 means: a task, or ``failures[]``, or neither."""
    tasks = answer.get("tasks") or []
    if tasks:
        return Launched(tasks[0]["taskArn"])
    failures = answer.get("failures") or [{}]
    reason = str(failures[0].get("reason", ""))
    detail = str(failures[0].get("detail", ""))
    refusal = classify_refusal("", f"{reason} {detail}".strip())
    words = ": ".join(part for part in (reason, detail) if part) or "no task and no reason given"
    said = f"ECS started no task: {words}"
    if refusal.kind is RefusalKind.REFUSED:
        return Refused(refusal.cause, said)
    definite = refusal.kind is not RefusalKind.LATER_SAME_TOKEN
    return TryLater(said, refusal.delay_s, definite=definite, why=refusal.why)


def _said(error: Any) -> str:
    return f"ECS answered {error_code(error)}: {error_message(error)}"


def _is_unknown_task(error: Any) -> bool:
    return (
        error_code(error) in ("InvalidParameterException", "ClientException")
        and "not found" in error_message(error).lower()
    )
