"""Changing a stack and staying with it to the end: created, updated, deleted, or rolled back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from towline.deploy import change_set
from towline.deploy.aws_words import aws_calls
from towline.deploy.change import Change
from towline.deploy.change_set import ChangeSet, Wanted
from towline.deploy.errors import Declined, DeployError, DeployFailed
from towline.deploy.failure_words import explained
from towline.deploy.stack import REVIEW, ROLLED_BACK, STUCK, Stack, check_deployable, find_stack
from towline.deploy.stack_events import EventReader, StackEvent, root_cause, unfinished

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

    from towline.deploy.progress import Progress
    from towline.deploy.timing import Timing

Outcome = Literal["created", "updated", "unchanged"]
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


@dataclass(frozen=True, slots=True)
class Stacks:
    """CloudFormation as the deployment uses it. Everything in here may be repeated."""

    cfn: CloudFormationClient
    stage: str
    progress: Progress
    timing: Timing
    new_name: Callable[[], str]
    """A name for a change set that no other has."""

    def apply(self, wanted: Wanted) -> Outcome:
        """Make the stack as wanted and wait until it is, or until it is as it was before.

        Asks before something is lost. Raises ``DeployError`` when it can't be begun, ``Declined``
        when the user does not want it, ``DeployFailed`` with the cause when it was rolled back.
        """
        old = self.ready(wanted.name)
        made = change_set.make(self.cfn, wanted, old=old, name=self.new_name(), timing=self.timing)
        if made is None:
            return "unchanged"
        self._agree(wanted.name, made)
        self.progress.say(_beginning(wanted.name, made))
        # Before the change begins: everything that comes later is its own.
        events = self._reader(made.stack_id)
        change_set.execute(self.cfn, made)
        seen = self._follow(wanted.name, events)
        if seen[-1].status not in GOOD:
            raise DeployFailed(_failure(wanted.name, made.kind, seen, self.stage))
        return "created" if made.kind == "CREATE" else "updated"

    def plan(self, wanted: Wanted) -> list[Change]:
        """What ``apply`` would do, from a change set that is deleted again. Changes nothing."""
        old = find_stack(self.cfn, wanted.name)
        check_deployable(old, stage=self.stage)
        if old is not None and old.status == ROLLED_BACK:
            raise DeployError(
                f"the stack {wanted.name} is what a failed creation left (ROLLBACK_COMPLETE); a "
                f"deploy deletes it first, a plan deletes nothing. Run 'towline deploy --stage "
                f"{self.stage}', or 'towline destroy --stage {self.stage}' and then the plan"
            )
        made = change_set.make(self.cfn, wanted, old=old, name=self.new_name(), timing=self.timing)
        if made is None:
            return []
        change_set.drop(self.cfn, made)
        return list(made.changes)

    def ready(self, name: str) -> Stack | None:
        """The stack, after what was left by failed or killed deploys is out of the way.

        Raises ``DeployError`` in words when nothing can be done with it now.
        """
        stack = find_stack(self.cfn, name)
        check_deployable(stack, stage=self.stage)
        if stack is not None and stack.status == ROLLED_BACK:
            self.progress.say(
                f"deleting what a creation of {name} that failed left behind; it holds nothing"
            )
            self.delete(stack)
            return None
        if stack is not None and change_set.drop_stale(self.cfn, stack, now=self.timing.now()):
            self.progress.say(f"deleted change sets of {name} that were never carried out")
        return stack

    def delete(self, stack: Stack) -> list[StackEvent]:
        """Delete the stack and wait; its events. Raises ``DeployFailed`` with the cause."""
        if stack.status == REVIEW:
            with aws_calls(f"delete the empty stack {stack.name}", begun=True):
                self.cfn.delete_stack(StackName=stack.id)
            return []
        events = self._reader(stack.id)
        if stack.status != "DELETE_IN_PROGRESS":
            with aws_calls(f"delete the stack {stack.name}", begun=True):
                self.cfn.delete_stack(StackName=stack.id)
        seen = self._follow(stack.name, events)
        if seen[-1].status != "DELETE_COMPLETE":
            raise DeployFailed(
                f"the stack {stack.name} could not be deleted as a whole: {_cause(seen)}. Mend it "
                "and repeat the command; what is deleted already stays so"
            )
        return seen

    def continue_rollback(self, stack: Stack) -> None:
        """Take up a rollback that failed (``UPDATE_ROLLBACK_FAILED``), and wait for its end."""
        events = self._reader(stack.id)
        self.progress.say(f"going on with the rollback of {stack.name}")
        with aws_calls(f"go on with the rollback of {stack.name}", begun=True):
            self.cfn.continue_update_rollback(StackName=stack.id)
        seen = self._follow(stack.name, events)
        if seen[-1].status != "UPDATE_ROLLBACK_COMPLETE":
            raise DeployFailed(
                f"the rollback of {stack.name} failed again: {_cause(seen)}. A resource that can't "
                "be mended can be left out with 'continue-update-rollback --resources-to-skip' in "
                "the CloudFormation console"
            )

    def _agree(self, name: str, made: ChangeSet) -> None:
        lost = [change for change in made.changes if change.loses]
        if not lost:
            return
        try:
            agreed = self.progress.confirm(f"change the stack {name} so", lost)
        except BaseException:
            change_set.drop(self.cfn, made)
            raise
        if not agreed:
            change_set.drop(self.cfn, made)
            raise Declined(f"the stack {name} was left as it is")

    def _reader(self, stack_id: str) -> EventReader:
        return EventReader(self.cfn, stack_id)

    def _follow(self, name: str, events: EventReader) -> list[StackEvent]:
        """All events up to the one that ends the operation, shown as they come."""
        seen: list[StackEvent] = []
        spoken = self.timing.now()
        try:
            while True:
                fresh = events.new()
                for event in fresh:
                    self.progress.event(event)
                    seen.append(event)
                    if event.of_stack and event.ended:
                        return seen
                now = self.timing.now()
                if any(event.ended for event in fresh):
                    spoken = now
                elif (now - spoken).total_seconds() >= self.timing.quiet_s:
                    spoken = now
                    self.progress.say(_waiting(unfinished(seen)))
                self.timing.sleep(self.timing.poll_s)
        except DeployError as error:
            raise DeployFailed(
                f"{error}. CloudFormation goes on with the stack {name} by itself; repeat the "
                "command when it is done"
            ) from error


def _beginning(name: str, made: ChangeSet) -> str:
    count = len(made.changes)
    what = "creating" if made.kind == "CREATE" else "updating"
    return f"{what} the stack {name} ({count} resource{'' if count == 1 else 's'})"


def _waiting(names: list[str]) -> str:
    if not names:
        return "waiting for CloudFormation"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"waiting for {', '.join(names[:5])}{more}"


def _cause(seen: list[StackEvent]) -> str:
    cause = root_cause(seen)
    if cause is None:
        return f"it ended as {seen[-1].status}, and CloudFormation gave no reason"
    if cause.of_stack:
        return explained(cause.reason)
    return f"{cause.logical_id} ({cause.type}): {explained(cause.reason)}"


def _failure(name: str, kind: str, seen: list[StackEvent], stage: str) -> str:
    """The cause first, then what state things are in, then what to do."""
    status = seen[-1].status
    cause = _cause(seen)
    if status == ROLLED_BACK:
        state = "The creation was rolled back: nothing of it is left"
    elif status == "UPDATE_ROLLBACK_COMPLETE":
        state = "The update was rolled back: everything is as it was before, and runs"
    elif status == STUCK:
        state = (
            "The update could not be taken back either: mend the cause, then run 'towline deploy "
            f"--stage {stage} --continue-rollback'"
        )
    else:
        state = f"The stack is in the state {status}"
    what = "creating" if kind == "CREATE" else "updating"
    again = "" if status == STUCK else ". Mend the cause and repeat the command"
    return f"{what} the stack {name} failed: {cause}. {state}{again}"
