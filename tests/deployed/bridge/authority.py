"""What a request is judged by: resources and keys of ECS's actions, an encrypted connection.

MiniStack enforces IAM, but asks for every action of ECS with the cluster as its resource, knows no
``ecs:cluster``, asks neither for the roles that a task is given nor for its tags, and asks for
several parameters at once, or those of a path, as for all there are:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
Buckets and queues refuse what does not come over TLS, which the emulator, on loopback, has not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ministack.app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region

_ALSO = "bridge:also"
Check = tuple[str, str, dict[str, Any]]


def bridge() -> None:
    iam_actions.extract_resource_arn = _resource_arn
    iam_actions.request_tag_context = _context
    iam_evaluator.enforce = _enforce
    ministack.app.pin_request_origin = _pin_as_encrypted


_original_arn = iam_actions.extract_resource_arn
_original_context = iam_actions.request_tag_context
_original_enforce = iam_evaluator.enforce
_original_pin = iam_evaluator.pin_request_origin


def _pin_as_encrypted(source_ip: str, _secure: bool) -> Any:
    return _original_pin(source_ip, True)


def _resource_arn(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, *rest: Any
) -> str:
    if service in ("ecs", "ssm"):
        _, region, account = rest
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        named = _named(action, json.loads(body or b"{}"))
        if named is not None:
            return named if ":" in named else f"arn:aws:{service}:{region}:{account}:{named}"
    return str(_original_arn(service, method, path, headers, body, *rest))


def _named(action: str, asked: Mapping[str, Any]) -> str | None:
    """The resource that AWS judges this action by, with or without what stands before it."""
    match action:
        case "RunTask":
            return f"task-definition/{_plain(asked['taskDefinition'])}"
        case "RegisterTaskDefinition":
            return f"task-definition/{asked['family']}"
        case "StopTask":
            return str(asked["task"])
        case "DescribeTasks":
            return str(asked["tasks"][0])
        case "GetParameters":
            return f"parameter{asked['Names'][0]}"
        case "GetParametersByPath":
            return f"parameter{asked['Path']}"
    return None


def _plain(definition: str) -> str:
    """A family out of its name, with or without ARN and revision."""
    return definition.rpartition("/")[2].partition(":")[0]


def _context(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
    context = dict(_original_context(service, iam_action, body, params))
    if service == "ecs":
        asked = json.loads(body or b"{}")
        cluster = asked.get("cluster")
        if cluster:
            context["ecs:cluster"] = _cluster_arn(cluster)
        context[_ALSO] = list(_also(iam_action, asked))
    return context


def _cluster_arn(cluster: str) -> str:
    if cluster.startswith("arn:"):
        return cluster
    region, account = get_region(), get_account_id()
    return f"arn:aws:ecs:{region}:{account}:cluster/{cluster}"


def _also(iam_action: str, asked: Mapping[str, Any]) -> list[Check]:
    """What AWS asks for besides the action itself."""
    checks: list[Check] = [
        ("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
        for role in _roles(asked)
    ]
    if iam_action == "ecs:RunTask" and asked.get("tags"):
        task = _cluster_arn(asked["cluster"]).replace(":cluster/", ":task/") + "/new"
        checks.append(("ecs:TagResource", task, {"ecs:CreateAction": "RunTask"}))
    return checks


def _roles(asked: Mapping[str, Any]) -> list[str]:
    given = [asked, asked.get("overrides") or {}]
    return [
        part[key] for part in given for key in ("executionRoleArn", "taskRoleArn") if key in part
    ]


def _enforce(
    access_key: str, action: str, service: str, region: str, *rest: Any, **options: Any
) -> Any:
    context = dict(options.pop("service_context", None) or {})
    also = context.pop(_ALSO, [])
    denied = _original_enforce(
        access_key, action, service, region, *rest, service_context=context, **options
    )
    for name, resource, keys in also:
        denied = denied or _original_enforce(
            access_key, name, service, region, resource_arn=resource, service_context=keys
        )
    return denied
