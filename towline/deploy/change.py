"""What a change set would do to one resource. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Replacement = Literal["no", "yes", "maybe"]

# Replacing or removing one of these loses something: data, messages, history, an address that
# others know, or running jobs. All other resources come back as they were.
HOLDS_SOMETHING: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "all jobs, tokens and verdicts",
    "AWS::S3::Bucket": "what is in the bucket",
    "AWS::ECR::Repository": "the runner's images",
    "AWS::KMS::Key": "everything encrypted with the key",
    "AWS::SQS::Queue": "the messages in the queue (the reaper sends jobs' messages again)",
    "AWS::Logs::LogGroup": "the operators' copy of the output",
    "AWS::ApiGateway::RestApi": "the service's URL, which clients and runners know",
    "AWS::Serverless::Api": "the service's URL, which clients and runners know",
    "AWS::ECS::Cluster": "the jobs that run in it",
    "AWS::EC2::VPC": "the network of the jobs that run",
    "AWS::EC2::Subnet": "the network of the jobs that run",
}
MARKS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": ">", "Dynamic": "?"}


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan."""

    action: str
    """``Add``, ``Modify``, ``Remove``, ``Import`` or ``Dynamic`` (known only when it is done)."""
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: Replacement = "no"
    because: tuple[str, ...] = ()
    """The properties that differ."""
    keeps: bool = False
    """The old one is left in the account, outside the stack (``DeletionPolicy: Retain``)."""

    @property
    def loses(self) -> str | None:
        """What is lost when this is carried out, in words; None: nothing."""
        if self.action not in ("Remove", "Dynamic") and self.replacement == "no":
            return None
        if self.action == "Add" or self.keeps:
            return None
        return HOLDS_SOMETHING.get(self.type)

    def line(self) -> str:
        """``~ Table  AWS::DynamoDB::Table  REPLACED (KeySchema)``."""
        words = [f"{MARKS.get(self.action, '?')} {self.logical_id}", self.type]
        if self.replacement != "no":
            words.append("REPLACED" if self.replacement == "yes" else "may be REPLACED")
        elif self.action == "Remove":
            words.append("taken out of the stack, kept" if self.keeps else "REMOVED")
        if self.because:
            words.append(f"({', '.join(self.because)})")
        return "  ".join(words)


def changes_of(shown: Iterable[Mapping[str, Any]]) -> list[Change]:
    """The changes of DescribeChangeSet, the ones to look at first in front."""
    found = [
        _change(change["ResourceChange"]) for change in shown if change.get("Type") == "Resource"
    ]
    return sorted(found, key=_weight)


def added(template: Mapping[str, Any]) -> list[Change]:
    """Every resource of a template as an addition: what a stack that is not there yet would get."""
    return [
        Change(
            "Add",
            name,
            str(resource.get("Type", "")),
            because=(f"if {resource['Condition']}",) if "Condition" in resource else (),
        )
        for name, resource in sorted(template.get("Resources", {}).items())
    ]


def _change(shown: Mapping[str, Any]) -> Change:
    replaced: dict[str, Replacement] = {"True": "yes", "Conditional": "maybe"}
    names = {
        str(detail["Target"].get("Name") or detail["Target"].get("Attribute", ""))
        for detail in shown.get("Details", ())
        if detail.get("Target")
    }
    return Change(
        action=shown["Action"],
        logical_id=shown["LogicalResourceId"],
        type=shown["ResourceType"],
        physical_id=shown.get("PhysicalResourceId", ""),
        replacement=replaced.get(shown.get("Replacement", ""), "no"),
        because=tuple(sorted(names - {""})),
        keeps="Retain" in str(shown.get("PolicyAction", "")),
    )


def _weight(change: Change) -> tuple[int, str]:
    order = ("Remove", "Dynamic", "Modify", "Import", "Add")
    heavy = 0 if change.loses else 1
    rank = order.index(change.action) if change.action in order else len(order)
    return heavy * 10 + rank, change.logical_id
