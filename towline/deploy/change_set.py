"""Change sets: made, read, carried out, and cleaned up when nobody will carry them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from towline.deploy.aws_words import aws_calls, code_of
from towline.deploy.change import Change, changes_of
from towline.deploy.early_validation import found_early
from towline.deploy.errors import DeployFailed
from towline.deploy.failure_words import explained

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType

    from towline.deploy.stack import Stack
    from towline.deploy.timing import Timing

NAME_PREFIX = "towline-"
STALE_AFTER = timedelta(minutes=30)
"""A change set of ours that old belongs to a deploy that was killed."""
CAPABILITIES: tuple[CapabilityType, ...] = (
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
)
POLL_S = 1.0
# CloudFormation has no code for this: the change set fails with one of these reasons.
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
EARLY = "EarlyValidation"
"""In the reason when the cause has to be asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stack as it should be."""

    name: str
    body: str | None = None
    """The template itself, up to 51,200 bytes, or ``url``: where it is in S3.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """
    url: str | None = None
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    """None: as it is in the stack now."""
    tags: Mapping[str, str] = field(default_factory=dict)
    revert_drift: bool = False
    """Whether an update also puts back what was changed behind CloudFormation's back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
    """


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One that is ready to be carried out."""

    id: str
    name: str
    stack_id: str
    kind: Literal["CREATE", "UPDATE"]
    changes: tuple[Change, ...]


def make(
    cfn: CloudFormationClient, wanted: Wanted, *, old: Stack | None, name: str, timing: Timing
) -> ChangeSet | None:
    """Ask CloudFormation what would change; None: nothing. Changes nothing of the stack.

    For a stack that is not there CloudFormation makes an empty one in review, which holds the
    change set; ``drop`` removes both. ``name`` must be new. Raises ``DeployError`` in words.
    """
    kind: Literal["CREATE", "UPDATE"] = "UPDATE" if old and old.has_resources else "CREATE"
    source: Any = {"TemplateURL": wanted.url} if wanted.url else {"TemplateBody": wanted.body}
    if wanted.revert_drift and kind == "UPDATE":
        source["DeploymentMode"] = "REVERT_DRIFT"
    with aws_calls(f"make a change set for the stack {wanted.name}"):
        made = cfn.create_change_set(
            StackName=wanted.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            ClientToken=name,
            Capabilities=list(CAPABILITIES),
            Parameters=_parameters(wanted.parameters),
            Tags=[{"Key": key, "Value": value} for key, value in sorted(wanted.tags.items())],
            **source,
        )
    id_, stack_id = made["Id"], made["StackId"]
    try:
        shown = _until_ready(cfn, id_, wanted.name, timing)
    except BaseException:
        # Also Ctrl-C: what was only a question must leave nothing behind.
        drop(cfn, ChangeSet(id_, name, stack_id, kind, ()))
        raise
    if shown["Status"] == "FAILED":
        reason = str(shown.get("StatusReason", ""))
        # Asked before it is deleted, and its findings with it.
        found = found_early(cfn, id_) if EARLY in reason else ""
        drop(cfn, ChangeSet(id_, name, stack_id, kind, ()))
        if any(words in reason for words in NO_CHANGES):
            return None
        reason = found or reason
        raise DeployFailed(
            f"CloudFormation refuses the change of the stack {wanted.name}: {explained(reason)}"
        )
    changes = _all_changes(cfn, id_, wanted.name, shown)
    return ChangeSet(id_, name, stack_id, kind, tuple(changes))


def drop(cfn: CloudFormationClient, change_set: ChangeSet) -> None:
    """Delete it, and the empty stack in review that it was made with. Repeatable.

    Another's change set in the same empty stack keeps that stack.
    """
    with aws_calls(f"delete the change set {change_set.name}"):
        try:
            cfn.delete_change_set(ChangeSetName=change_set.id)
        except ClientError as error:
            if code_of(error) not in ("ChangeSetNotFound", "ChangeSetNotFoundException"):
                raise
        if change_set.kind == "CREATE" and not _change_sets(cfn, change_set.stack_id):
            stacks = cfn.describe_stacks(StackName=change_set.stack_id)["Stacks"]
            if stacks and stacks[0]["StackStatus"] == "REVIEW_IN_PROGRESS":
                cfn.delete_stack(StackName=change_set.stack_id)


def drop_stale(cfn: CloudFormationClient, stack: Stack, *, now: datetime) -> int:
    """Delete change sets that killed deploys left behind; how many. Repeatable."""
    count = 0
    with aws_calls(f"clean up old change sets of the stack {stack.name}"):
        for shown in _change_sets(cfn, stack.id):
            made_at = shown.get("CreationTime", now)
            if shown["ChangeSetName"].startswith(NAME_PREFIX) and now - made_at > STALE_AFTER:
                cfn.delete_change_set(ChangeSetName=shown["ChangeSetId"])
                count += 1
    return count


def execute(cfn: CloudFormationClient, change_set: ChangeSet) -> None:
    """Have it carried out; returns at once. A repeat with the same change set does no harm.

    Raises ``DeployFailed`` when somebody else changed the stack since it was made.
    """
    with aws_calls(f"carry out the change set {change_set.name}", begun=True):
        try:
            cfn.execute_change_set(ChangeSetName=change_set.id, ClientRequestToken=change_set.name)
        except ClientError as error:
            if code_of(error) in (
                "InvalidChangeSetStatus", "InvalidChangeSetStatusException",
                "ChangeSetNotFound", "ChangeSetNotFoundException",
            ):  # fmt: skip
                raise DeployFailed(
                    "the stack was changed by somebody else while this deploy was preparing; "
                    "nothing was changed by this one. Repeat the command"
                ) from error
            raise


def _until_ready(cfn: CloudFormationClient, id_: str, stack: str, timing: Timing) -> Any:
    with aws_calls(f"read the change set of the stack {stack}"):
        while True:
            shown = cfn.describe_change_set(ChangeSetName=id_)
            if shown["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                return shown
            timing.sleep(POLL_S)


def _all_changes(cfn: CloudFormationClient, id_: str, stack: str, first: Any) -> list[Change]:
    shown = list(first.get("Changes", ()))
    page = first
    with aws_calls(f"read the change set of the stack {stack}"):
        while page.get("NextToken"):
            page = cfn.describe_change_set(ChangeSetName=id_, NextToken=page["NextToken"])
            shown += page.get("Changes", ())
    return changes_of(shown)


def _change_sets(cfn: CloudFormationClient, stack_id: str) -> list[Any]:
    pages = cfn.get_paginator("list_change_sets").paginate(StackName=stack_id)
    return [
        shown
        for page in pages
        for shown in page["Summaries"]
        if not shown["Status"].startswith("DELETE_")
    ]


def _parameters(values: Mapping[str, str | None]) -> list[Any]:
    return [
        {"ParameterKey": name, "UsePreviousValue": True}
        if value is None
        else {"ParameterKey": name, "ParameterValue": value}
        for name, value in sorted(values.items())
    ]
