"""The tasks of a cluster: RunTask with its client tokens, StopTask, DescribeTasks, ListTasks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from tests.fakes.ecs_server.definitions import Definitions
from tests.fakes.ecs_server.errors import EcsError, client_error, invalid
from tests.fakes.ecs_server.faults import StartNothing
from tests.fakes.ecs_server.launch_rules import check_run_task
from tests.fakes.ecs_server.names import cluster_arn, cluster_name, task_arn
from tests.fakes.ecs_server.tasks import Container, Task

MAX_DESCRIBED = 100


class Runner(Protocol):
    """Carries a task through its life."""

    def start(self, task: Task) -> None: ...

    def stop(self, task: Task) -> None: ...


class Board:
    """All tasks ever started here, and which client token started which."""

    def __init__(
        self, definitions: Definitions, runner: Runner, tell: Callable[[Task], None], salt: int
    ) -> None:
        self._definitions = definitions
        self._runner = runner
        self._tell = tell
        self._salt = salt
        self._lock = threading.RLock()
        self._tasks: dict[str, Task] = {}
        self._tokens: dict[str, tuple[str, list[str], dict[str, Any]]] = {}
        self.clusters: dict[str, tuple[str, ...]] = {}
        """The capacity providers of each."""

    def create_cluster(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters.get("clusterName", "default")
        self.clusters[name] = tuple(parameters.get("capacityProviders") or ())
        cluster = {"clusterName": name, "clusterArn": cluster_arn(name), "status": "ACTIVE"}
        return {"cluster": cluster}

    def run_task(self, parameters: Mapping[str, Any], nothing: StartNothing | None) -> Any:
        """Start tasks, or give the answer that the same client token got before."""
        cluster = self._cluster(parameters)
        definition = self._definitions.find(parameters.get("taskDefinition", ""))
        if definition is None:
            raise client_error("TaskDefinition not found.")
        check_run_task(parameters, definition, self.clusters[cluster])
        self._definitions.check_roles(definition)
        token = parameters.get("clientToken")
        asked = json.dumps(
            {k: v for k, v in parameters.items() if k != "clientToken"}, sort_keys=True
        )
        with self._lock:
            if token in self._tokens:
                return self._answered_before(self._tokens[token], asked)
            count = parameters.get("count", 1) if nothing is None else 0
            tasks = [self._task(cluster, definition, parameters) for _ in range(count)]
            failures = list(nothing.failures) if nothing is not None else []
            answer = {"tasks": [task.shown(_seconds) for task in tasks], "failures": failures}
            if token is not None:
                self._tokens[token] = (asked, [task.arn for task in tasks], answer)
        for task in tasks:
            self._runner.start(task)
        return answer

    def stop_task(self, parameters: Mapping[str, Any]) -> Any:
        self._cluster(parameters)
        task = self.find(parameters.get("task", ""))
        if task is None:
            raise invalid("The referenced task was not found.")
        with task.lock:
            first = task.desired_status == "RUNNING"
            if first:
                task.desired_status = "STOPPED"
                task.stop_code = "UserInitiated"
                task.stopped_reason = parameters.get("reason") or "Task stopped by user"
        if first:
            task.change(None, "stoppingAt")
            task.stop_wanted.set()
            self._runner.stop(task)
        return {"task": task.shown(_seconds)}

    def describe_tasks(self, parameters: Mapping[str, Any]) -> Any:
        self._cluster(parameters)
        asked = parameters.get("tasks") or []
        if not 1 <= len(asked) <= MAX_DESCRIBED:
            raise invalid(f"Tasks length must be between 1 and {MAX_DESCRIBED}")
        tasks, failures = [], []
        for name in asked:
            task = self.find(name)
            if task is None:
                failures.append({"arn": name, "reason": "MISSING"})
            else:
                tasks.append(task.shown(_seconds))
        return {"tasks": tasks, "failures": failures}

    def list_tasks(self, parameters: Mapping[str, Any]) -> Any:
        cluster = self._cluster(parameters)
        most = parameters.get("maxResults", 100)
        if not 1 <= most <= 100:
            raise invalid("maxResults must be between 1 and 100")
        status = parameters.get("desiredStatus", "RUNNING")
        started_by = parameters.get("startedBy")
        with self._lock:
            arns = [
                task.arn
                for task in self._tasks.values()
                if task.cluster == cluster
                and task.desired_status == status
                and started_by in (None, task.parameters.get("startedBy"))
            ]
        start = int(parameters.get("nextToken") or 0)
        answer: dict[str, Any] = {"taskArns": arns[start : start + most]}
        if start + most < len(arns):
            answer["nextToken"] = str(start + most)
        return answer

    def find(self, name: str) -> Task | None:
        """By ARN or by the task's own part of it."""
        with self._lock:
            found = self._tasks.get(name)
            if found is not None:
                return found
            return next((t for t in self._tasks.values() if t.arn.endswith(f"/{name}")), None)

    def all(self) -> list[Task]:
        with self._lock:
            return list(self._tasks.values())

    def forget(self, arn: str) -> None:
        """As ECS does an hour after a task has stopped."""
        with self._lock:
            del self._tasks[arn]

    def _task(
        self, cluster: str, definition: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Task:
        task = Task(
            arn=task_arn(cluster, len(self._tasks) + 1, self._salt),
            cluster=cluster,
            definition=definition,
            parameters=parameters,
            tell=self._tell,
            containers={
                c["name"]: Container(c["name"], c["image"])
                for c in definition["containerDefinitions"]
            },
        )
        self._tasks[task.arn] = task
        task.change("PROVISIONING", "createdAt")
        return task

    def _answered_before(self, known: tuple[str, list[str], dict[str, Any]], asked: str) -> Any:
        first, arns, answer = known
        if first != asked:
            raise EcsError(
                "ConflictException",
                "The request token was used before with other parameters.",
                resourceIds=arns,
            )
        if not arns:
            return answer
        tasks = [self._tasks[arn].shown(_seconds) for arn in arns if arn in self._tasks]
        return answer | {"tasks": tasks or answer["tasks"]}

    def _cluster(self, parameters: Mapping[str, Any]) -> str:
        name = cluster_name(parameters.get("cluster", "default"))
        if name not in self.clusters:
            raise EcsError("ClusterNotFoundException", "Cluster not found.")
        return name


def _seconds(moment: datetime) -> float:
    return round(moment.timestamp(), 3)
