"""A container of a task definition as the engine's API takes it."""

from __future__ import annotations

from typing import Any

from tests.fakes.ecs_server.tasks import Task

LABEL = "towline.test.ecs"


def volume_name(task: Task, volume: str) -> str:
    """The engine's name of a task's volume; two tasks never share one."""
    return f"ecs-{task.arn.rpartition('/')[2]}-{volume}"


def arguments(task: Task, name: str, *, network: str, owner: str, most_cpus: int) -> dict[str, Any]:
    """Keyword arguments of ``containers.create``; what a definition leaves out, the image says."""
    definition = next(c for c in task.definition["containerDefinitions"] if c["name"] == name)
    options: dict[str, Any] = {
        "image": definition["image"],
        "environment": _environment(task, definition),
        "labels": {
            LABEL: owner,
            "com.amazonaws.ecs.task-arn": task.arn,
            "com.amazonaws.ecs.container-name": name,
        },
        "network_mode": network,
        "mem_limit": f"{task.definition['memory']}m",
        "nano_cpus": int(min(int(task.definition["cpu"]) / 1024, most_cpus) * 1_000_000_000),
        "volumes": {
            volume_name(task, mount["sourceVolume"]): {
                "bind": mount["containerPath"],
                "mode": "ro" if mount.get("readOnly") else "rw",
            }
            for mount in definition.get("mountPoints") or []
        },
    }
    if definition.get("entryPoint"):
        options["entrypoint"] = definition["entryPoint"]
        options["command"] = definition.get("command") or []
    elif definition.get("command"):
        options["command"] = definition["command"]
    if definition.get("user"):
        options["user"] = definition["user"]
    if network == "bridge":
        options["extra_hosts"] = {"host.docker.internal": "host-gateway"}
    return options


def _environment(task: Task, definition: Any) -> dict[str, str]:
    variables = {v["name"]: v["value"] for v in definition.get("environment") or []}
    for override in (task.parameters.get("overrides") or {}).get("containerOverrides", []):
        if override["name"] == definition["name"]:
            variables |= {v["name"]: v["value"] for v in override.get("environment", [])}
    return variables
