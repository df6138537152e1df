"""Requests of ``towline deploy`` and ``destroy`` as IAM sees them: an action on a resource.

From the service authorization reference: https://docs.aws.amazon.com/service-authorization/latest/
reference/. A request that is not here raises, so that a new one can't go unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

AT = "eu-west-1:123456789012"
NEEDS_NONE = {"GetCallerIdentity"}
NAMELESS = {
    "GetAuthorizationToken", "ListTasks", "ListTaskDefinitionFamilies", "DescribeTaskDefinition",
    "DeregisterTaskDefinition", "ListSecrets",
}  # fmt: skip
"""Operations for which AWS knows no resource that we could name."""
S3_ACTIONS = {
    "HeadObject": "GetObject", "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
}  # fmt: skip
"""Those that IAM calls otherwise."""


def needed(service: str, operation: str, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What one request needs, as (action, resource)."""
    if operation in NEEDS_NONE:
        return []
    if operation in NAMELESS:
        return [(f"{service}:{operation}", "*")]
    if service == "s3":
        return _s3(operation, given)
    if service == "apigateway":
        return [("apigateway:GET", "arn:aws:apigateway:eu-west-1::/account")]
    if service not in _RESOURCES:
        raise NotImplementedError(f"{service}:{operation} is not in tests/deploy/deployer_calls.py")
    return [(f"{service}:{operation}", resource) for resource in _RESOURCES[service](given)]


def _stacks(given: Mapping[str, Any]) -> list[str]:
    named = given.get("StackName") or given["ChangeSetName"]
    name = named.split("/")[1] if named.startswith("arn:") else named
    stack = f"arn:aws:cloudformation:{AT}:stack/{name}/1"
    transform = "arn:aws:cloudformation:eu-west-1:aws:transform/Serverless-2016-10-31"
    return [stack, transform] if "TemplateURL" in given else [stack]


def _tables(given: Mapping[str, Any]) -> list[str]:
    index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
    names = given.get("RequestItems") or [given["TableName"]]
    return [f"arn:aws:dynamodb:{AT}:table/{name}{index}" for name in names]


def _tasks(given: Mapping[str, Any]) -> list[str]:
    return list(given["tasks"]) if "tasks" in given else [given["task"]]


def _parameters(given: Mapping[str, Any]) -> list[str]:
    names = given["Names"] if "Names" in given else [given["Path"]]
    return [f"arn:aws:ssm:{AT}:parameter{name}" for name in names]


def _roles(given: Mapping[str, Any]) -> list[str]:
    own = f"role/aws-service-role/{given['AWSServiceName']}/AWSServiceRole"
    return [f"arn:aws:iam::123456789012:{own}"]


_RESOURCES: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "cloudformation": _stacks,
    "dynamodb": _tables,
    "ecr": lambda given: [f"arn:aws:ecr:{AT}:repository/{given['repositoryName']}"],
    "ecs": _tasks,
    "iam": _roles,
    "secretsmanager": lambda given: [given["SecretId"]],
    "ssm": _parameters,
}


def _s3(operation: str, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    bucket = f"arn:aws:s3:::{given['Bucket']}"
    if operation == "DeleteObjects":
        return [("s3:DeleteObject", f"{bucket}/key"), ("s3:DeleteObjectVersion", f"{bucket}/key")]
    resource = f"{bucket}/{given['Key']}" if "Key" in given else bucket
    return [(f"s3:{S3_ACTIONS.get(operation, operation)}", resource)]
