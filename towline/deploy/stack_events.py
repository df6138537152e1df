"""The events of one operation on a stack, and which of them was the cause of its failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from towline.deploy.aws_words import aws_calls

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

STACK_TYPE = "AWS::CloudFormation::Stack"
# What fails only because something else failed before it.
_CONSEQUENCES = (
    "creation cancelled", "update cancelled", "creation canceled", "update canceled",
    "the following resource(s) failed to",
)  # fmt: skip
_DONE = {
    "CREATE": "created", "UPDATE": "updated", "DELETE": "deleted", "IMPORT": "imported",
    "ROLLBACK": "rolled back", "UPDATE_ROLLBACK": "rolled back",
}  # fmt: skip
_DOING = {
    "CREATE": "being created", "UPDATE": "being updated", "DELETE": "being deleted",
    "IMPORT": "being imported", "ROLLBACK": "being rolled back",
    "UPDATE_ROLLBACK": "being rolled back",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One line of a stack's history."""

    id: str
    at: datetime
    logical_id: str
    type: str
    status: str
    reason: str = ""
    physical_id: str = ""

    @property
    def failed(self) -> bool:
        return self.status.endswith("_FAILED")

    @property
    def ended(self) -> bool:
        return not self.status.endswith("_IN_PROGRESS")

    @property
    def of_stack(self) -> bool:
        return self.type == STACK_TYPE

    def words(self) -> str:
        """What happened, such as ``created``, ``NOT updated`` or ``passed over``."""
        if self.status == "DELETE_SKIPPED":
            return "passed over"
        for ending in ("_COMPLETE_CLEANUP_IN_PROGRESS", "_IN_PROGRESS", "_COMPLETE", "_FAILED"):
            if self.status.endswith(ending):
                verb = self.status.removesuffix(ending)
                if ending == "_IN_PROGRESS":
                    return _DOING.get(verb, verb.lower())
                done = _DONE.get(verb, verb.lower())
                return f"NOT {done}" if ending == "_FAILED" else done
        return self.status.lower()


class EventReader:
    """Gives each event of an operation once, oldest first.

    Made before the operation begins, it passes over everything that happened earlier.
    """

    def __init__(self, cfn: CloudFormationClient, stack_id: str) -> None:
        self._cfn = cfn
        self._stack_id = stack_id
        self._last: str | None = None
        newest = self._page(None)["StackEvents"]
        if newest:
            self._last = newest[0]["EventId"]

    def new(self) -> list[StackEvent]:
        """What has happened since the last call."""
        found: list[StackEvent] = []
        token = None
        while True:
            page = self._page(token)
            for shown in page["StackEvents"]:
                if shown["EventId"] == self._last:
                    return self._given(found)
                found.append(_event(shown))
            token = page.get("NextToken")
            if not token:
                return self._given(found)

    def _given(self, newest_first: list[StackEvent]) -> list[StackEvent]:
        if newest_first:
            self._last = newest_first[0].id
        return newest_first[::-1]

    def _page(self, token: str | None) -> Any:
        more: Any = {"NextToken": token} if token else {}
        with aws_calls("read the stack's events", begun=True):
            return self._cfn.describe_stack_events(StackName=self._stack_id, **more)


def root_cause(events: Iterable[StackEvent]) -> StackEvent | None:
    """The earliest failure that is not another one's consequence; None: nothing failed.

    Resources are created in parallel: when one fails, all that were under way fail, too, as
    cancelled, and the stack's own event only lists them.
    """
    failed = [event for event in events if event.failed]
    causes = [
        event
        for event in failed
        if not any(words in event.reason.lower() for words in _CONSEQUENCES)
    ]
    first = [event for event in causes if not event.of_stack]
    return next(iter(first or causes or failed), None)


def unfinished(events: Sequence[StackEvent]) -> list[str]:
    """The resources that are under way after these events, by logical id."""
    state = {event.logical_id: event.ended for event in events if not event.of_stack}
    return sorted(name for name, ended in state.items() if not ended)


def _event(shown: Any) -> StackEvent:
    return StackEvent(
        id=shown["EventId"],
        at=shown["Timestamp"],
        logical_id=shown.get("LogicalResourceId", ""),
        type=shown.get("ResourceType", ""),
        status=shown.get("ResourceStatus", ""),
        reason=shown.get("ResourceStatusReason", "") or "",
        physical_id=shown.get("PhysicalResourceId", "") or "",
    )
