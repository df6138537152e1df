"""What AWS refuses, as sentences that say what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)

from towline.deploy.aws_words import aws_calls
from towline.deploy.change import Change, changes_of
from towline.deploy.errors import DeployError, DeployFailed
from towline.deploy.failure_words import explained
from towline.deploy.names import check_stage
from towline.deploy.parameters import check_values, for_stack, parse
from towline.deploy.stack_events import StackEvent, root_cause, unfinished


def refused(code: str, message: str = "", operation: str = "CreateChangeSet") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(answer, operation)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoCredentialsError(), "no AWS credentials were found: set AWS_PROFILE or --profile"),
        (ProfileNotFound(profile="x"), "profile (x) could not be found: look at ~/.aws/config"),
        (refused("ExpiredToken"), "the AWS credentials have expired"),
        (refused("InvalidClientTokenId"), "AWS does not know these credentials"),
        (refused("SignatureDoesNotMatch"), "or this machine's clock is wrong"),
        (UnauthorizedSSOTokenError(), "sign in again"),
        (EndpointConnectionError(endpoint_url="https://x"), "AWS can't be reached"),
        (
            refused(
                "AccessDenied",
                "User: arn:aws:iam::1:user/x is not authorized to perform: "
                "cloudformation:CreateChangeSet on resource: y because no policy allows it",
            ),
            "could not do it: these credentials may not do cloudformation:CreateChangeSet",
        ),
        (refused("403", "Forbidden", "HeadObject"), "may not do s3:GetObject"),
        (refused("AccessDenied", "", "PutImage"), "may not do PutImage (AccessDenied). docs/dep"),
        (refused("LimitExceeded", "too\n many"), "AWS answered LimitExceeded: too many"),
    ],
)
def test_an_error_of_aws_becomes_a_sentence(error: Exception, says: str) -> None:
    with pytest.raises(DeployError) as told, aws_calls("do it"):
        raise error
    assert says in str(told.value)
    assert not isinstance(told.value, DeployFailed)
    with pytest.raises(DeployFailed), aws_calls("do it", begun=True):
        raise error


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("Resource of type X already exists", "take another --stage"),
        ("The maximum number of VPCs has been reached.", "--parameter VpcId="),
        ("Rate exceeded (Service: Lambda)", "repeat the command in a few minutes"),
        (
            "x decreases account's UnreservedConcurrentExecution below its minimum value",
            "Concurrent executions",
        ),
        ("Parameters: [X] must have values", "--parameter NAME=VALUE"),
        ("", "CloudFormation gave no reason"),
    ],
)
def test_a_reason_of_cloudformation_comes_with_what_to_do(reason: str, says: str) -> None:
    assert says in explained(reason)


def event(logical_id: str, status: str, reason: str = "", kind: str = "AWS::X::Y") -> StackEvent:
    return StackEvent(logical_id + status, datetime.now(UTC), logical_id, kind, status, reason)


STACK = "AWS::CloudFormation::Stack"


def test_the_root_cause_is_the_earliest_failure_that_no_other_caused() -> None:
    failed = [
        event("A", "CREATE_FAILED", "Resource creation cancelled"),
        event(
            "S", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [A]", STACK
        ),
        event("B", "CREATE_FAILED", "the cause"),
        event("C", "CREATE_FAILED", "a later one"),
        event("D", "DELETE_FAILED", "of the rollback"),
    ]
    cause = root_cause(failed)
    assert cause is not None
    assert cause.logical_id == "B"
    assert root_cause(failed[:2]) is failed[0]
    assert root_cause([event("A", "CREATE_COMPLETE")]) is None


def test_what_is_under_way_is_what_has_begun_and_not_ended() -> None:
    seen = [
        event("S", "CREATE_IN_PROGRESS", kind=STACK),
        event("B", "CREATE_IN_PROGRESS"),
        event("A", "CREATE_IN_PROGRESS"),
        event("B", "CREATE_COMPLETE"),
    ]
    assert unfinished(seen) == ["A"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("CREATE_COMPLETE", "created"),
        ("UPDATE_FAILED", "NOT updated"),
        ("DELETE_IN_PROGRESS", "being deleted"),
        ("DELETE_SKIPPED", "passed over"),
        ("UPDATE_ROLLBACK_COMPLETE", "rolled back"),
    ],
)
def test_a_status_is_a_word(status: str, words: str) -> None:
    assert event("A", status).words() == words


def test_what_loses_something_comes_first_and_says_what() -> None:
    def change(action: str, name: str, kind: str, **more: Any) -> Any:
        shown = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **more}
        return {"Type": "Resource", "ResourceChange": shown}

    shown = [
        change("Add", "A", "AWS::S3::Bucket"),
        change("Modify", "Function", "AWS::Lambda::Function", Replacement="True"),
        change("Modify", "Table", "AWS::DynamoDB::Table", Replacement="Conditional"),
        change("Remove", "Kept", "AWS::S3::Bucket", PolicyAction="Retain"),
        change("Remove", "Queue", "AWS::SQS::Queue", PolicyAction="Delete"),
    ]
    found = changes_of(shown)
    assert [(c.logical_id, bool(c.loses)) for c in found] == [
        ("Queue", True),
        ("Table", True),
        ("Kept", False),
        ("Function", False),
        ("A", False),
    ]
    assert found[1].line() == "~ Table  AWS::DynamoDB::Table  may be REPLACED"
    assert Change("Remove", "Kept", "AWS::S3::Bucket", keeps=True).line().endswith("kept")


@pytest.mark.parametrize(
    "stage", ["", "Dev", "1a", "a_b", "a--b", "a-", "x" * 21, "my-data", "data", "a\n"]
)
def test_a_stage_that_nothing_can_be_named_after_is_refused(stage: str) -> None:
    with pytest.raises(DeployError, match="--stage"):
        check_stage(stage)


@pytest.mark.parametrize("stage", ["dev", "prod-2", "a"])
def test_other_stages_are_taken(stage: str) -> None:
    assert check_stage(stage) == stage


def test_a_parameter_comes_from_us_then_the_user_then_the_stack_then_the_template() -> None:
    template = {"Parameters": {"A": {}, "B": {}, "C": {}, "D": {"Default": ""}, "E": {}}}
    found = for_stack(
        template,
        computed={"A": "ours", "X": "of no use here"},
        given={"A": "theirs", "B": "theirs"},
        before={"A": "old", "B": "old", "C": "old", "E": "old", "Gone": "old"},
    )
    assert found == {"A": "ours", "B": "theirs", "C": None, "E": None}
    with pytest.raises(DeployError, match="E must be given"):
        for_stack({"Parameters": {"E": {}}}, computed={}, given={}, before=None)


@pytest.mark.parametrize("word", ["A", "=x", "A B=x"])
def test_a_parameter_without_name_or_value_is_refused(word: str) -> None:
    with pytest.raises(DeployError, match="is not NAME=VALUE"):
        parse([word])


def test_a_parameter_may_be_empty_and_hold_an_equals_sign() -> None:
    assert parse(["A=", "B=a=b", "A=2"]) == {"A": "2", "B": "a=b"}


TEMPLATE = {
    "Parameters": {
        "Days": {"Type": "Number", "MinValue": 1, "MaxValue": 3650},
        "Retention": {"Type": "Number", "AllowedValues": [1, 7, 30]},
        "Check": {"Type": "String", "AllowedValues": ["on", "off"]},
        "Subnets": {
            "Type": "String",
            "AllowedPattern": "^$|^subnet-[0-9a-f]+$",
            "ConstraintDescription": "subnets by their ids",
        },
        "Free": {"Type": "String"},
    }
}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("Days", "abc", "--parameter Days: 'abc' can't be taken: it must be a number"),
        ("Days", "nan", "it must be a number"),
        ("Days", "0", "it must be at least 1"),
        ("Days", "4000", "it must be at most 3650"),
        ("Retention", "8", "it must be one of 1, 7, 30"),
        ("Check", "On", "it must be one of on, off"),
        ("Subnets", "a,b", "it takes subnets by their ids"),
    ],
)
def test_a_value_that_a_template_forbids_is_refused_by_its_own_rule(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(DeployError) as refused:
        check_values({name: value}, [{}, TEMPLATE])
    assert says in str(refused.value)


def test_values_that_a_template_allows_are_taken() -> None:
    allowed = {"Days": "30", "Retention": "7", "Check": "off", "Subnets": "subnet-0a", "Free": ""}
    check_values({**allowed, "ElsewhereDeclared": "x"}, [TEMPLATE])
    check_values({"Subnets": ""}, [TEMPLATE])
