"""A CloudFormation stack as it is now, and what its state lets one do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from towline.deploy.aws_words import aws_calls, message_of
from towline.deploy.errors import DeployError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

REVIEW = "REVIEW_IN_PROGRESS"
ROLLED_BACK = "ROLLBACK_COMPLETE"
STUCK = "UPDATE_ROLLBACK_FAILED"
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stack:
    """What DescribeStacks says of one stack."""

    name: str
    id: str
    """Its ARN: it names this stack even when it was deleted and another has its name."""
    status: str
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    is_protected: bool = False
    changed_at: datetime | None = None

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW

    @property
    def has_resources(self) -> bool:
        """Whether it was ever created: a stack in review only holds change sets."""
        return self.status != REVIEW


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack."""

    logical_id: str
    type: str
    physical_id: str


def find_stack(cfn: CloudFormationClient, name: str) -> Stack | None:
    """The stack of this name or ARN; None when there is none or it is deleted."""
    with aws_calls(f"read the stack {name}"):
        try:
            answer = cfn.describe_stacks(StackName=name)
        except ClientError as error:
            if "does not exist" in message_of(error):
                return None
            raise
    stacks = [_stack(shown) for shown in answer["Stacks"]]
    return stacks[0] if stacks and stacks[0].status != "DELETE_COMPLETE" else None


def resources(cfn: CloudFormationClient, stack: Stack) -> list[Resource]:
    """Everything that the stack holds now, by logical id."""
    found = []
    with aws_calls(f"list what the stack {stack.name} holds"):
        for page in cfn.get_paginator("list_stack_resources").paginate(StackName=stack.id):
            found += [
                Resource(
                    shown["LogicalResourceId"],
                    shown["ResourceType"],
                    shown.get("PhysicalResourceId", ""),
                )
                for shown in page["StackResourceSummaries"]
                if shown["ResourceStatus"] != "DELETE_COMPLETE"
            ]
    return sorted(found, key=lambda resource: resource.logical_id)


def check_deployable(stack: Stack | None, *, stage: str) -> None:
    """Raise ``DeployError`` in words when the stack can be neither created nor updated now.

    A creation that failed (``ROLLBACK_COMPLETE``) is no obstacle: nothing of it is left, and it is
    deleted before the next.
    """
    if stack is None or stack.status in UPDATABLE or stack.status in (REVIEW, ROLLED_BACK):
        return
    raise DeployError(_obstacle(stack, stage))


def _obstacle(stack: Stack, stage: str) -> str:
    about = f"the stack {stack.name} is in the state {stack.status}"
    again = f"'towline deploy --stage {stage}'"
    if stack.in_progress:
        since = f" since {stack.changed_at:%H:%M:%S} UTC" if stack.changed_at else ""
        return (
            f"{about}{since}: another deploy or destroy is under way, or one that was interrupted "
            "is still carried out. CloudFormation ends it by itself; repeat this command then"
        )
    if stack.status == STUCK:
        why = f" ({stack.reason})" if stack.reason else ""
        return (
            f"{about}: an update failed and so did taking it back{why}. Mend what the reason "
            f"names, then run {again[:-1]} --continue-rollback'; it goes on from the last good "
            "state"
        )
    if stack.status in ("DELETE_FAILED", "ROLLBACK_FAILED"):
        why = f" ({stack.reason})" if stack.reason else ""
        return (
            f"{about}{why}: what is left of it must be deleted first. Run 'towline destroy "
            f"--stage {stage}', which keeps the data, then {again}"
        )
    return (
        f"{about}, in which CloudFormation takes no update: a creation or update was begun with "
        "rollback switched off. Roll it back in the CloudFormation console, or run 'towline "
        f"destroy --stage {stage}', which keeps the data, then {again}"
    )


def _stack(shown: Any) -> Stack:
    return Stack(
        name=shown["StackName"],
        id=shown["StackId"],
        status=shown["StackStatus"],
        reason=shown.get("StackStatusReason", ""),
        outputs={o["OutputKey"]: o["OutputValue"] for o in shown.get("Outputs", ())},
        parameters={
            p["ParameterKey"]: p.get("ParameterValue", "") for p in shown.get("Parameters", ())
        },
        tags={t["Key"]: t["Value"] for t in shown.get("Tags", ())},
        is_protected=bool(shown.get("EnableTerminationProtection")),
        changed_at=shown.get("LastUpdatedTime") or shown.get("CreationTime"),
    )
