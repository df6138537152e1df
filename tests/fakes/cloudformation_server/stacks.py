"""What the fake holds: stacks, change sets and events, and how an operation goes on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

REGION = "eu-west-1"
ACCOUNT = "123456789012"
STACK_TYPE = "AWS::CloudFormation::Stack"
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

Provision = Callable[[str, str, dict[str, Any]], str]
"""Logical id, type and properties -> the physical id of what was made."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One resource of the next operation fails for this reason; ``also`` are cancelled by it."""

    logical_id: str
    reason: str
    also: tuple[str, ...] = ()
    rollback_fails: bool = False


@dataclass(slots=True)
class FakeChangeSet:
    id: str
    name: str
    kind: str
    template: dict[str, Any]
    parameters: dict[str, str]
    tags: dict[str, str]
    changes: list[dict[str, Any]]
    created_at: datetime
    status: str = "CREATE_PENDING"
    reason: str = ""


@dataclass(slots=True)
class FakeStack:
    name: str
    id: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    protected: bool = False
    template: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    """Logical id -> physical id."""
    change_sets: dict[str, FakeChangeSet] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    """Oldest first."""
    to_come: Iterator[None] = field(default_factory=lambda: iter(()))
    """What goes on: each step changes the status and adds events."""

    def tell(self, logical_id: str, type_: str, status: str, reason: str = "") -> None:
        physical = self.id if type_ == STACK_TYPE else self.resources.get(logical_id, "")
        number = len(self.events) + 1
        self.events.append(
            {
                "StackId": self.id,
                "EventId": f"{self.name}-{number}",
                "StackName": self.name,
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": physical,
                "ResourceType": type_,
                "Timestamp": datetime(2026, 11, 1, 12, 0, number % 60, tzinfo=UTC),
                "ResourceStatus": status,
                "ResourceStatusReason": reason or None,
            }
        )

    def become(self, status: str, reason: str = "") -> None:
        self.status, self.reason = status, reason
        self.tell(self.name, STACK_TYPE, status, reason)

    def type_of(self, logical_id: str) -> str:
        return str(self.template["Resources"][logical_id]["Type"])


_numbers = itertools.count(1)


def new_stack(name: str) -> FakeStack:
    return FakeStack(
        name, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{next(_numbers):08x}"
    )


def create(stack: FakeStack, provision: Provision, failure: Failure | None) -> Iterator[None]:
    """The steps of a creation; with a failure, those of its rollback, too."""
    stack.become("CREATE_IN_PROGRESS", "User Initiated")
    yield
    yield from _work(stack, "CREATE", list(stack.template["Resources"]), provision, failure)
    if failure is None:
        stack.become("CREATE_COMPLETE")
        return
    stack.become("ROLLBACK_IN_PROGRESS", _listing("create", failure))
    yield
    for logical_id in list(stack.resources):
        stack.tell(logical_id, stack.type_of(logical_id), "DELETE_COMPLETE")
        del stack.resources[logical_id]
    stack.become("ROLLBACK_COMPLETE")


def update(
    stack: FakeStack, made: FakeChangeSet, provision: Provision, failure: Failure | None
) -> Iterator[None]:
    """The steps of an update; with a failure, those of its rollback, too."""
    before = (stack.template, stack.parameters, stack.tags)
    stack.template, stack.parameters, stack.tags = made.template, made.parameters, made.tags
    stack.become("UPDATE_IN_PROGRESS", "User Initiated")
    yield
    touched = [change["ResourceChange"]["LogicalResourceId"] for change in made.changes]
    there = [name for name in touched if name in stack.template["Resources"]]
    yield from _work(stack, "UPDATE", there, provision, failure)
    if failure is not None:
        stack.become("UPDATE_ROLLBACK_IN_PROGRESS", _listing("update", failure))
        yield
        stack.template, stack.parameters, stack.tags = before
        if failure.rollback_fails:
            stack.become("UPDATE_ROLLBACK_FAILED", _listing("update", failure))
            return
        stack.become("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        yield
        stack.become("UPDATE_ROLLBACK_COMPLETE")
        return
    stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    yield
    for name in [name for name in stack.resources if name not in stack.template["Resources"]]:
        stack.tell(name, "AWS::Fake::Gone", "DELETE_COMPLETE")
        del stack.resources[name]
    stack.become("UPDATE_COMPLETE")


def delete(stack: FakeStack, failure: Failure | None) -> Iterator[None]:
    stack.become("DELETE_IN_PROGRESS", "User Initiated")
    yield
    for logical_id in list(stack.resources):
        type_ = stack.type_of(logical_id)
        policy = str(stack.template["Resources"][logical_id].get("DeletionPolicy", ""))
        if failure is not None and failure.logical_id == logical_id:
            stack.tell(logical_id, type_, "DELETE_FAILED", failure.reason)
            continue
        stack.tell(logical_id, type_, "DELETE_SKIPPED" if "Retain" in policy else "DELETE_COMPLETE")
        del stack.resources[logical_id]
    if failure is not None:
        stack.become("DELETE_FAILED", _listing("delete", failure))
        return
    stack.become("DELETE_COMPLETE")


def go_on_with_rollback(stack: FakeStack, failure: Failure | None) -> Iterator[None]:
    stack.become("UPDATE_ROLLBACK_IN_PROGRESS")
    yield
    if failure is not None:
        stack.tell(failure.logical_id, "AWS::Fake::Any", "UPDATE_FAILED", failure.reason)
        stack.become("UPDATE_ROLLBACK_FAILED", _listing("update", failure))
        return
    stack.become("UPDATE_ROLLBACK_COMPLETE")


def _work(
    stack: FakeStack, verb: str, names: list[str], provision: Provision, failure: Failure | None
) -> Iterator[None]:
    resources = stack.template["Resources"]
    bad = (failure.logical_id, *failure.also) if failure else ()
    for name in names:
        stack.tell(name, stack.type_of(name), f"{verb}_IN_PROGRESS")
    yield
    for name in names:
        if name not in bad:
            if name not in stack.resources:
                stack.resources[name] = provision(
                    name, stack.type_of(name), resources[name].get("Properties", {})
                )
            stack.tell(name, stack.type_of(name), f"{verb}_COMPLETE")
    yield
    if failure is not None:
        stack.tell(
            failure.logical_id, stack.type_of(failure.logical_id), f"{verb}_FAILED", failure.reason
        )
        for name in failure.also:
            noun = "creation" if verb == "CREATE" else "update"
            stack.tell(name, stack.type_of(name), f"{verb}_FAILED", f"Resource {noun} cancelled")


def _listing(verb: str, failure: Failure) -> str:
    names = ", ".join((failure.logical_id, *failure.also))
    return f"The following resource(s) failed to {verb}: [{names}]."
