"""One stack changed by change sets: created, updated, rolled back, refused, cleaned up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.deploy.world import World
from tests.fakes.cloudformation_server import Failure
from towline.deploy import change_set
from towline.deploy.change_set import Wanted
from towline.deploy.errors import Declined, DeployError, DeployFailed
from towline.deploy.stack import find_stack

NAME = "towline-dev"


def template(**properties: Any) -> str:
    """A queue that loses its messages when a property Fixed... changes, a topic, and a role."""
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": properties},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Days": {"Ref": "Days"}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
    }
    return json.dumps({"Parameters": {"Days": {"Default": "1"}}, "Resources": resources})


def wanted(body: str | None = None, **parameters: str | None) -> Wanted:
    return Wanted(NAME, body=body or template(), parameters=parameters, tags={"a": "b"})


def words(world: World) -> list[str]:
    return [f"{e.logical_id} {e.words()}" for e in world.told.events if e.ended]


def test_a_stack_is_created_and_each_of_its_events_shown_once(world: World) -> None:
    assert world.stacks.apply(wanted()) == "created"
    assert words(world) == ["Queue created", "Topic created", "Role created", f"{NAME} created"]
    assert len({event.id for event in world.told.events}) == len(world.told.events)
    stack = find_stack(world.account.cloudformation(), NAME)
    assert stack is not None
    assert stack.tags == {"a": "b"}


def test_the_same_again_is_no_change_and_leaves_no_change_set(world: World) -> None:
    world.stacks.apply(wanted())
    assert world.stacks.apply(wanted()) == "unchanged"
    held = world.cfn.stack(NAME)
    assert held is not None
    assert held.change_sets == {}
    assert world.cfn.count("ExecuteChangeSet") == 1


def test_an_update_shows_its_own_events_alone(world: World) -> None:
    world.stacks.apply(wanted())
    world.told.events.clear()
    assert world.stacks.apply(wanted(Days="2")) == "updated"
    assert words(world) == ["Topic updated", f"{NAME} updated"]


def test_a_failed_creation_names_the_first_cause_and_says_that_nothing_is_left(
    world: World,
) -> None:
    world.cfn.fail_next(Failure("Topic", "Topic already exists", also=("Role",)))
    with pytest.raises(DeployFailed) as failed:
        world.stacks.apply(wanted())
    text = str(failed.value)
    assert text.startswith(
        "creating the stack towline-dev failed: Topic (AWS::SNS::Topic): Topic already exists. "
        "What to do: something of that name is in the account already"
    )
    assert "rolled back: nothing of it is left" in text
    assert "cancelled" not in text


def test_what_a_failed_creation_left_is_deleted_before_the_next(world: World) -> None:
    world.cfn.fail_next(Failure("Topic", "no luck"))
    with pytest.raises(DeployFailed):
        world.stacks.apply(wanted())
    left = world.cfn.stack(NAME)
    assert world.stacks.apply(wanted()) == "created"
    now = world.cfn.stack(NAME)
    assert left is not None
    assert now is not None
    assert left.id != now.id
    assert left.status == "DELETE_COMPLETE"


def test_a_failed_update_is_followed_until_it_is_rolled_back(world: World) -> None:
    world.stacks.apply(wanted())
    reason = "User x is not authorized to perform: sns:SetTopicAttributes on resource y"
    world.cfn.fail_next(Failure("Topic", reason))
    with pytest.raises(DeployFailed) as failed:
        world.stacks.apply(wanted(Days="2"))
    assert "may not do sns:SetTopicAttributes; docs/deployment.md lists" in str(failed.value)
    assert "everything is as it was before, and runs" in str(failed.value)
    stack = world.cfn.stack(NAME)
    assert stack is not None
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.stacks.apply(wanted(Days="2")) == "updated"


def test_a_rollback_that_fails_is_taken_up_when_the_user_says_so(world: World) -> None:
    world.stacks.apply(wanted())
    world.cfn.fail_next(Failure("Topic", "broken", rollback_fails=True))
    with pytest.raises(DeployFailed, match="--continue-rollback"):
        world.stacks.apply(wanted(Days="2"))
    with pytest.raises(DeployError, match=r"UPDATE_ROLLBACK_FAILED.*--continue-rollback"):
        world.stacks.apply(wanted(Days="2"))
    stack = find_stack(world.account.cloudformation(), NAME)
    assert stack is not None
    world.cfn.fail_next(Failure("Topic", "still broken"))
    with pytest.raises(DeployFailed, match="still broken"):
        world.stacks.continue_rollback(stack)
    world.stacks.continue_rollback(stack)
    assert world.stacks.apply(wanted(Days="2")) == "updated"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("UPDATE_IN_PROGRESS", "another deploy or destroy is under way"),
        ("DELETE_IN_PROGRESS", "another deploy or destroy is under way"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "CloudFormation ends it by itself"),
        ("DELETE_FAILED", "'towline destroy --stage dev', which keeps the data"),
        ("ROLLBACK_FAILED", "'towline destroy --stage dev', which keeps the data"),
        ("CREATE_FAILED", "with rollback switched off"),
        ("UPDATE_FAILED", "with rollback switched off"),
    ],
)
def test_a_state_that_takes_no_change_is_told_with_what_to_do(
    world: World, status: str, says: str
) -> None:
    world.stacks.apply(wanted())
    held = world.cfn.stack(NAME)
    assert held is not None
    held.status = status
    for act in (world.stacks.apply, world.stacks.plan):
        with pytest.raises(DeployError, match=status) as refused:
            act(wanted(Days="2"))
        assert says in str(refused.value)
    assert world.cfn.count("CreateChangeSet") == 1


def test_a_change_that_loses_something_is_asked_about_and_dropped_when_declined(
    world: World,
) -> None:
    world.stacks.apply(wanted())
    world.told.answer = False
    with pytest.raises(Declined):
        world.stacks.apply(wanted(template(FixedName="other")))
    assert world.told.asked == [["Queue"]]
    held = world.cfn.stack(NAME)
    assert held is not None
    assert held.change_sets == {}
    world.told.answer = True
    assert world.stacks.apply(wanted(template(FixedName="other"))) == "updated"


def test_a_plan_leaves_neither_a_change_set_nor_an_empty_stack(world: World) -> None:
    assert [c.action for c in world.stacks.plan(wanted())] == ["Add", "Add", "Add"]
    assert world.cfn.stack(NAME) is None
    world.stacks.apply(wanted())
    assert [c.logical_id for c in world.stacks.plan(wanted(Days="5"))] == ["Topic"]
    assert world.stacks.plan(wanted()) == []
    held = world.cfn.stack(NAME)
    assert held is not None
    assert (held.change_sets, held.parameters) == ({}, {"Days": "1"})


def test_a_refused_change_set_leaves_nothing_and_gives_the_reason(world: World) -> None:
    world.cfn.operations.change_set_reason = "Transform failed: Invalid Serverless Template"
    with pytest.raises(DeployFailed, match="Invalid Serverless Template"):
        world.stacks.apply(wanted())
    assert world.cfn.stack(NAME) is None


EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "
    "information."
)


def test_what_cloudformation_found_beforehand_is_told_with_what_to_do(world: World) -> None:
    """Its own reason names only the kind of check, and goes away with the change set."""
    world.cfn.operations.change_set_reason = EARLY
    said = "Resource of type 'AWS::Logs::LogGroup' with identifier '/towline/x' already exists."
    finding = {"EventId": "1", "LogicalResourceId": "ApiHandlerLog", "ValidationStatusReason": said}
    world.cfn.operations.early_findings = [finding, finding]
    with pytest.raises(DeployFailed) as failed:
        world.stacks.apply(wanted())
    assert f"ApiHandlerLog: {said[:-1]}. What to do: something of that name" in str(failed.value)
    assert str(failed.value).count("ApiHandlerLog") == 1
    assert world.cfn.stack(NAME) is None


def test_a_finding_that_can_not_be_read_leaves_cloudformations_own_words(world: World) -> None:
    world.cfn.operations.change_set_reason = EARLY
    world.cfn.refuse("DescribeEvents", "AccessDenied", "not authorized")
    with pytest.raises(DeployFailed, match="ResourceExistenceCheck"):
        world.stacks.apply(wanted())
    assert world.cfn.stack(NAME) is None


def test_a_deploy_killed_before_it_carried_out_its_change_set_is_no_obstacle(
    world: World,
) -> None:
    cfn = world.account.cloudformation()
    killed = change_set.make(cfn, wanted(), old=None, name="towline-killed", timing=world.timing)
    assert killed is not None
    # Nobody else's plan takes the empty stack from under a change set that is not its own.
    world.stacks.plan(wanted())
    assert world.cfn.stack(NAME) is not None
    assert world.stacks.apply(wanted()) == "created"
    held = world.cfn.stack(NAME)
    assert held is not None
    assert held.change_sets == {}


def test_old_change_sets_of_ours_are_deleted_young_ones_and_others_stay(world: World) -> None:
    world.stacks.apply(wanted())
    stack = find_stack(world.account.cloudformation(), NAME)
    cfn = world.account.cloudformation()
    change_set.make(cfn, wanted(Days="2"), old=stack, name="towline-old", timing=world.timing)
    change_set.make(cfn, wanted(Days="2"), old=stack, name="someones", timing=world.timing)
    world.clock.time += change_set.STALE_AFTER + timedelta(seconds=1)
    change_set.make(cfn, wanted(Days="2"), old=stack, name="towline-young", timing=world.timing)
    assert world.stacks.apply(wanted()) == "unchanged"
    held = world.cfn.stack(NAME)
    assert held is not None
    assert set(held.change_sets) == {"someones", "towline-young"}


def test_a_change_that_somebody_else_made_meanwhile_is_told_in_words(world: World) -> None:
    world.stacks.apply(wanted())
    world.cfn.refuse("ExecuteChangeSet", "InvalidChangeSetStatus", "ChangeSet is OBSOLETE")
    with pytest.raises(DeployFailed, match="changed by somebody else while this deploy"):
        world.stacks.apply(wanted(Days="2"))


def test_losing_sight_of_a_running_change_says_that_it_goes_on(world: World) -> None:
    world.cfn.refuse("DescribeStackEvents", "ExpiredToken", "expired", after=2)
    with pytest.raises(DeployFailed, match=r"have expired.*CloudFormation goes on with the stack"):
        world.stacks.apply(wanted())


def test_a_stack_is_deleted_and_a_failure_told_by_its_cause(world: World) -> None:
    world.stacks.apply(wanted())
    stack = find_stack(world.account.cloudformation(), NAME)
    assert stack is not None
    world.cfn.fail_next(Failure("Queue", "it is in use"))
    with pytest.raises(DeployFailed, match=r"Queue \(AWS::SQS::Queue\): it is in use"):
        world.stacks.delete(stack)
    world.stacks.delete(stack)
    assert find_stack(world.account.cloudformation(), NAME) is None


def test_a_long_silence_is_filled_with_what_is_waited_for(world: World) -> None:
    world.cfn.operations.looks_a_step = 15
    world.stacks.apply(wanted())
    assert "waiting for Queue, Role, Topic" in world.told.said
