"""Requests of the AWS client library as the calls that IAM checks.

Which actions a request needs, on which resources and with which condition keys, is from the service
authorization reference: https://docs.aws.amazon.com/service-authorization/latest/reference/. A
request that is not here raises, so that a new one can't go unchecked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.infra.iam import Call
from tests.infra.intrinsics import ACCOUNT, REGION

AT = f"{REGION}:{ACCOUNT}"
TASKS_SERVICE = "ecs-tasks.amazonaws.com"


def calls_of(service: str, operation: str, given: Mapping[str, Any]) -> list[Call]:
    """The calls of one request. Raises ``NotImplementedError`` for an unknown one."""
    found = _BY_SERVICE[service](operation, given) if service in _BY_SERVICE else None
    if found is None:
        raise NotImplementedError(f"{service}:{operation} is not in tests/infra/aws_calls.py")
    return list(found)


def _dynamodb(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    def table(name: str) -> str:
        return f"arn:aws:dynamodb:{AT}:table/{name}"

    if operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
        return [Call(f"dynamodb:{operation}", table(given["TableName"]))]
    if operation == "Query":
        index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
        return [Call("dynamodb:Query", table(given["TableName"]) + index)]
    if operation == "BatchGetItem":
        return [Call("dynamodb:BatchGetItem", table(name)) for name in given["RequestItems"]]
    if operation == "TransactWriteItems":
        # It has no action of its own: each of its parts is checked as if it came alone.
        return [
            Call(f"dynamodb:{kind}Item", table(part["TableName"]))
            for item in given["TransactItems"]
            for kind, part in item.items()
        ]
    return None


def _sqs(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    if operation != "SendMessage":
        return None
    return [Call("sqs:SendMessage", f"arn:aws:sqs:{AT}:{given['QueueUrl'].rpartition('/')[2]}")]


def _s3(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    bucket = f"arn:aws:s3:::{given['Bucket']}"
    if operation in ("GetObject", "HeadObject"):
        return [Call("s3:GetObject", f"{bucket}/{given['Key']}")]
    if operation == "PutObject":
        return [Call("s3:PutObject", f"{bucket}/{given['Key']}")]
    if operation == "ListObjectsV2":
        return [Call("s3:ListBucket", bucket, {"s3:prefix": given.get("Prefix", "")})]
    return None


def _ssm(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    arn = f"arn:aws:ssm:{AT}:parameter"
    match operation:
        case "GetParameter" | "PutParameter" | "DeleteParameter":
            names = [given["Name"]]
        case "GetParameters":
            names = given["Names"]
        case "GetParametersByPath":
            names = [given["Path"]]
        case _:
            return None
    return [Call(f"ssm:{operation}", arn + name) for name in names]


def _ecs(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    cluster = given.get("cluster", "")
    context = {"ecs:cluster": f"arn:aws:ecs:{AT}:cluster/{cluster}"}
    match operation:
        case "RunTask":
            definition = f"arn:aws:ecs:{AT}:task-definition/{given['taskDefinition']}:1"
            tagged = {**context, "ecs:CreateAction": "RunTask"}
            started = f"arn:aws:ecs:{AT}:task/{cluster}/0123456789abcdef"
            tags = [Call("ecs:TagResource", started, tagged)] if given.get("tags") else []
            return [Call("ecs:RunTask", definition, context), *tags]
        case "RegisterTaskDefinition":
            assert not given.get("tags"), "a definition with tags needs ecs:TagResource as well"
            definition = f"arn:aws:ecs:{AT}:task-definition/{given['family']}:1"
            passed = {"iam:PassedToService": TASKS_SERVICE}
            roles = [given[name] for name in ("executionRoleArn", "taskRoleArn") if name in given]
            passes = [Call("iam:PassRole", role, passed) for role in roles]
            return [Call("ecs:RegisterTaskDefinition", definition), *passes]
        case "DescribeTaskDefinition":
            return [Call("ecs:DescribeTaskDefinition", "*")]
        case "ListTasks":
            return [Call("ecs:ListTasks", "*", context)]
        case "DescribeTasks":
            return [Call("ecs:DescribeTasks", task, context) for task in given["tasks"]]
        case "StopTask":
            return [Call("ecs:StopTask", given["task"], context)]
    return None


def _secretsmanager(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    known = ("CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue", "UpdateSecret")
    if operation == "ListSecrets":
        return [Call("secretsmanager:ListSecrets", "*")]
    if operation not in known:
        return None
    name = given.get("SecretId") or given["Name"]
    # Every secret's ARN ends in a hyphen and six characters of AWS's own.
    return [
        Call(f"secretsmanager:{operation}", f"arn:aws:secretsmanager:{AT}:secret:{name}-a1B2c3")
    ]


def _ecr(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    if operation == "DescribePullThroughCacheRules":
        return [Call("ecr:DescribePullThroughCacheRules", "*")]
    if operation not in ("BatchGetImage", "GetDownloadUrlForLayer"):
        return None
    owner = given.get("registryId", ACCOUNT)
    repository = f"arn:aws:ecr:{REGION}:{owner}:repository/{given['repositoryName']}"
    return [Call(f"ecr:{operation}", repository)]


def _sts(operation: str, given: Mapping[str, Any]) -> Iterable[Call] | None:
    return [Call("sts:AssumeRole", given["RoleArn"])] if operation == "AssumeRole" else None


_BY_SERVICE = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "s3": _s3,
    "ssm": _ssm,
    "ecs": _ecs,
    "secretsmanager": _secretsmanager,
    "ecr": _ecr,
    "sts": _sts,
}
