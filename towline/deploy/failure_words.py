"""CloudFormation's reasons with what to do about them. Pure; docs/deployment.md tells more."""

from __future__ import annotations

from towline.deploy.aws_words import PERMISSIONS_PAGE, missing_action

# What a reason holds (in small letters) -> what to do. The first that fits is taken.
_ADVICE: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("already exists",),
        ("something of that name is in the account already, perhaps of an earlier stack that kept "
        "it: delete or rename it, or take another --stage"),
    ),
    (
        ("maximum number of vpcs", "vpclimitexceeded"),
        ("the region has as many VPCs as the account may have: delete one, have the quota raised, "
        "or use an existing network (--parameter VpcId=... --parameter SubnetIds=...)"),
    ),
    (
        ("limitexceeded", "limit exceeded", "quota"),
        "a quota of the account is used up: have it raised in Service Quotas, or free some of it",
    ),
    (
        ("rate exceeded", "throttl"),
        "AWS is throttling this account's requests: repeat the command in a few minutes",
    ),
    (
        ("reservedconcurrentexecutions", "unreservedconcurrentexecution"),
        ("the account's Lambda concurrency is too small for the reservations: have 'Concurrent "
        "executions' raised in Service Quotas, or give --parameter ApiReservedConcurrency=0"),
    ),
    (
        ("s3 error", "nosuchkey", "access denied for operation 'aws::lambda"),
        "the uploaded package can't be read: repeat the command, which uploads what is missing",
    ),
    (
        ("must have values",),
        "give the parameter with --parameter NAME=VALUE",
    ),
    (
        ("service linked role", "service-linked role"),
        ("the account has never used ECS: create its service-linked role once (any ECS console "
        "page does) or let the deployer do iam:CreateServiceLinkedRole"),
    ),
)  # fmt: skip


def explained(reason: str) -> str:
    """The reason on one line, and behind it what to do where that is known."""
    said = " ".join(reason.split()).rstrip(".") or "CloudFormation gave no reason"
    action = missing_action(said)
    if action:
        return (
            f"{said}. These credentials may not do {action}; {PERMISSIONS_PAGE} lists what whoever "
            "deploys needs"
        )
    lowered = said.lower()
    for words, advice in _ADVICE:
        if any(word in lowered for word in words):
            return f"{said}. What to do: {advice}"
    return said
