"""The operations, each with what CloudFormation refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.fakes.cloudformation_server import stacks as life
from tests.fakes.cloudformation_server.differences import changes_of, pairs, parameters_of
from tests.fakes.cloudformation_server.errors import CloudFormationError, invalid
from tests.fakes.cloudformation_server.stacks import (
    UPDATABLE,
    Failure,
    FakeChangeSet,
    FakeStack,
    Provision,
)

MAX_INLINE = 51_200
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
IN_PROGRESS = "_IN_PROGRESS"


class Operations:
    """``read_url`` gives the text behind a TemplateURL; ``output`` an output's value."""

    def __init__(
        self,
        *,
        provision: Provision,
        read_url: Callable[[str], str],
        output: Callable[[FakeStack, str, Any], str],
        now: Callable[[], datetime],
    ) -> None:
        self._provision = provision
        self._read_url = read_url
        self._output = output
        self._now = now
        self._lock = threading.RLock()
        self.stacks: list[FakeStack] = []
        self.failures: list[Failure] = []
        """For the next operations, one each."""
        self.looks_a_step = 1
        self._looks = 0
        self.change_set_reason: str | None = None
        """Why the next change set fails."""
        self.early_findings: list[dict[str, str]] = []
        """What DescribeEvents tells of any change set."""

    def carry_out(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "DescribeStacks": self._describe_stacks,
            "CreateChangeSet": self._create_change_set,
            "DescribeChangeSet": self._describe_change_set,
            "ListChangeSets": self._list_change_sets,
            "DeleteChangeSet": self._delete_change_set,
            "ExecuteChangeSet": self._execute_change_set,
            "DescribeEvents": self._describe_events,
            "DescribeStackEvents": self._describe_stack_events,
            "ListStackResources": self._list_stack_resources,
            "DeleteStack": self._delete_stack,
            "UpdateTerminationProtection": self._protect,
            "ContinueUpdateRollback": self._continue_rollback,
        }
        with self._lock:
            if operation not in methods:
                raise CloudFormationError("InvalidAction", f"{operation} is not here")
            return methods[operation](asked)

    def stack(self, name: str) -> FakeStack | None:
        """The stack of that ARN, or the living one of that name."""
        for stack in reversed(self.stacks):
            if stack.id == name or (stack.name == name and stack.status != "DELETE_COMPLETE"):
                return stack
        return None

    # --- stacks ------------------------------------------------------------------------------

    def _describe_stacks(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._known(asked["StackName"])
        outputs = []
        if stack.status in (*UPDATABLE, "UPDATE_ROLLBACK_FAILED"):
            outputs = [
                {"OutputKey": name, "OutputValue": self._output(stack, name, declared["Value"])}
                for name, declared in stack.template.get("Outputs", {}).items()
            ]
        return {
            "Stacks": [
                {
                    "StackName": stack.name,
                    "StackId": stack.id,
                    "StackStatus": stack.status,
                    "StackStatusReason": stack.reason or None,
                    "CreationTime": self._now(),
                    "EnableTerminationProtection": stack.protected,
                    "Parameters": pairs(stack.parameters, "Parameter"),
                    "Tags": [{"Key": k, "Value": v} for k, v in stack.tags.items()],
                    "Outputs": outputs,
                }
            ]
        }

    def _describe_stack_events(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._known(asked["StackName"])
        # Each look, or every so many of them, finds the operation a step further.
        self._looks += 1
        if self._looks % self.looks_a_step == 0:
            next(stack.to_come, None)
        return {"StackEvents": stack.events[::-1]}

    def _list_stack_resources(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._known(asked["StackName"])
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": name,
                    "PhysicalResourceId": physical,
                    "ResourceType": stack.type_of(name),
                    "ResourceStatus": "CREATE_COMPLETE",
                    "LastUpdatedTimestamp": self._now(),
                }
                for name, physical in stack.resources.items()
            ]
        }

    def _delete_stack(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self.stack(asked["StackName"])
        if stack is None or stack.status == "DELETE_COMPLETE":
            return {}
        if stack.protected:
            raise invalid(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.status == "REVIEW_IN_PROGRESS":
            self.stacks.remove(stack)
        elif not stack.status.endswith(IN_PROGRESS):
            stack.to_come = life.delete(stack, self._next_failure())
            next(stack.to_come)
        return {}

    def _protect(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._known(asked["StackName"])
        stack.protected = asked["EnableTerminationProtection"] == "true"
        return {"StackId": stack.id}

    def _continue_rollback(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._known(asked["StackName"])
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue")
        stack.to_come = life.go_on_with_rollback(stack, self._next_failure())
        next(stack.to_come)
        return {}

    # --- change sets -------------------------------------------------------------------------

    def _create_change_set(self, asked: dict[str, Any]) -> dict[str, Any]:
        kind, stack = asked["ChangeSetType"], self.stack(asked["StackName"])
        if kind == "CREATE":
            if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
                raise invalid(f"Stack [{stack.name}] already exists and cannot be created again")
        elif stack is None:
            raise invalid(f"Stack [{asked['StackName']}] does not exist")
        elif stack.status not in UPDATABLE:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        template = self._template(asked)
        parameters = parameters_of(asked, template, stack)
        if stack is None:
            stack = life.new_stack(asked["StackName"])
            self.stacks.append(stack)
            stack.become("REVIEW_IN_PROGRESS", "User Initiated")
        if asked["ChangeSetName"] in stack.change_sets:
            raise CloudFormationError(
                "AlreadyExistsException", f"ChangeSet {asked['ChangeSetName']} already exists"
            )
        tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags") or []}
        made = FakeChangeSet(
            id=f"{stack.id.replace(':stack/', ':changeSet/')}/{asked['ChangeSetName']}",
            name=asked["ChangeSetName"],
            kind=kind,
            template=template,
            parameters=parameters,
            tags=tags,
            changes=changes_of(stack, template, parameters),
            created_at=self._now(),
        )
        if not made.changes and tags == stack.tags:
            made.reason = NO_CHANGES
        if self.change_set_reason is not None:
            made.reason, self.change_set_reason = self.change_set_reason, None
        stack.change_sets[made.name] = made
        return {"Id": made.id, "StackId": stack.id}

    def _describe_change_set(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack, made = self._change_set(asked)
        status = made.status
        made.status = "FAILED" if made.reason else "CREATE_COMPLETE"
        return {
            "ChangeSetName": made.name,
            "ChangeSetId": made.id,
            "StackId": stack.id,
            "StackName": stack.name,
            "Status": status,
            "StatusReason": made.reason or None,
            "Changes": made.changes if status == "CREATE_COMPLETE" else [],
        }

    def _describe_events(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._change_set(asked)
        return {"OperationEvents": self.early_findings}

    def _list_change_sets(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack = self._known(asked["StackName"])
        return {
            "Summaries": [
                {
                    "ChangeSetId": made.id,
                    "ChangeSetName": made.name,
                    "Status": made.status,
                    "CreationTime": made.created_at,
                }
                for made in stack.change_sets.values()
            ]
        }

    def _delete_change_set(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack, made = self._change_set(asked)
        del stack.change_sets[made.name]
        return {}

    def _execute_change_set(self, asked: dict[str, Any]) -> dict[str, Any]:
        stack, made = self._change_set(asked)
        if made.status != "CREATE_COMPLETE" or stack.status.endswith(("UPDATE" + IN_PROGRESS,)):
            raise CloudFormationError(
                "InvalidChangeSetStatus", f"ChangeSet [{made.id}] cannot be executed"
            )
        # Carried out, it takes all others of the stack with it.
        stack.change_sets.clear()
        failure = self._next_failure()
        if made.kind == "CREATE":
            stack.template, stack.parameters, stack.tags = (
                made.template, made.parameters, made.tags,
            )  # fmt: skip
            stack.to_come = life.create(stack, self._provision, failure)
        else:
            stack.to_come = life.update(stack, made, self._provision, failure)
        next(stack.to_come)
        return {}

    # --- what they share ---------------------------------------------------------------------

    def _known(self, name: str) -> FakeStack:
        stack = self.stack(name)
        if stack is None:
            raise invalid(f"Stack with id {name} does not exist")
        return stack

    def _change_set(self, asked: dict[str, Any]) -> tuple[FakeStack, FakeChangeSet]:
        for stack in self.stacks:
            for made in stack.change_sets.values():
                if made.id == asked["ChangeSetName"]:
                    return stack, made
        raise CloudFormationError(
            "ChangeSetNotFound", f"ChangeSet [{asked['ChangeSetName']}] does not exist", status=404
        )

    def _next_failure(self) -> Failure | None:
        return self.failures.pop(0) if self.failures else None

    def _template(self, asked: dict[str, Any]) -> dict[str, Any]:
        body = asked.get("TemplateBody")
        if body is not None and len(body.encode()) > MAX_INLINE:
            raise invalid(
                "1 validation error detected: Value at 'templateBody' failed to satisfy "
                f"constraint: Member must have length less than or equal to {MAX_INLINE}"
            )
        template: dict[str, Any] = json.loads(body or self._read_url(asked["TemplateURL"]))
        needed = {"AWS::IAM::Role": "CAPABILITY_IAM"}
        for resource in template["Resources"].values():
            capability = needed.get(resource["Type"])
            if capability and capability not in asked.get("Capabilities", []):
                raise CloudFormationError(
                    "InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]"
                )
        return template
