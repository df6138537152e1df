"""Least privilege, read off the templates and compared with AWS's own list of actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

ACTIONS = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
"""AWS's actions and the kinds of resources that each may be limited to, as cfn-lint brings them."""

SCOPED_OTHERWISE = {"ecs:ListTasks": "ecs:cluster"}
"""Its one kind of resource is a container instance, which Fargate has none of; AWS's own example
limits it by this condition key: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
security_iam_id-based-policy-examples.html"""


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every role's policies, those under a condition too."""
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        elif resource["Type"] == "AWS::IAM::Policy":
            documents = [properties["PolicyDocument"]]
        else:
            continue
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement.get("Fn::If", [None, statement])[1]


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ACTIONS.read_text())
    return content


def test_no_role_has_an_action_with_a_star(service: dict[str, Any], data: dict[str, Any]) -> None:
    for template in (service, data):
        for role, statement in statements(template):
            for action in as_list(statement["Action"]):
                assert "*" not in action, (role, action)


def test_services_are_called_by_the_partitions_own_ending(service: dict[str, Any]) -> None:
    """In China it is another one, and a condition on the wrong one allows nothing."""
    endings = {
        value.partition("${AWS::Region}.")[2]
        for _, statement in statements(service)
        for keys in statement.get("Condition", {}).values()
        for part in as_list(keys.get("kms:ViaService", []))
        for value in part.values()
    }
    assert endings == {"${AWS::URLSuffix}"}


def test_every_action_exists(service: dict[str, Any], known: dict[str, Any]) -> None:
    """A misspelt action is accepted by IAM and allows nothing."""
    for role, statement in statements(service):
        for action in as_list(statement["Action"]):
            prefix, _, name = action.partition(":")
            assert name.lower() in known[prefix]["Actions"], (role, action)


def test_a_star_is_named_as_resource_only_where_aws_knows_no_other(
    service: dict[str, Any], known: dict[str, Any]
) -> None:
    starred = set()
    for role, statement in statements(service):
        if "*" not in as_list(statement["Resource"]):
            continue
        for action in as_list(statement["Action"]):
            prefix, _, name = action.partition(":")
            starred.add(action)
            key = SCOPED_OTHERWISE.get(action)
            if key is not None:
                assert key in statement["Condition"]["ArnEquals"], (role, action)
            else:
                assert not known[prefix]["Actions"][name.lower()].get("Resources"), (role, action)
    assert starred, "the templates changed: is anything tested here?"


def test_each_function_has_a_role_of_its_own(service: dict[str, Any]) -> None:
    roles = [
        resource["Properties"]["Role"]["Fn::GetAtt"][0]
        for resource in service["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    assert len(roles) == len(set(roles)) == 7


def test_upload_permits_are_signed_by_a_role_that_writes_logs_and_nothing_else(
    service: dict[str, Any],
) -> None:
    role = service["Resources"]["UploadRole"]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"AWS": {"Fn::GetAtt": ["ApiHandlerRole", "Arn"]}}
    allowed = [action for name, s in statements(service) if name == "UploadRole" for action in
               as_list(s["Action"])]  # fmt: skip
    assert allowed == ["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"]


def test_roles_are_passed_to_tasks_alone(service: dict[str, Any]) -> None:
    passing = [s for _, s in statements(service) if "iam:PassRole" in as_list(s["Action"])]
    assert len(passing) == 1
    condition = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert passing[0]["Condition"] == condition


def test_buckets_are_private_encrypted_and_refuse_plain_connections(data: dict[str, Any]) -> None:
    resources = data["Resources"]
    buckets = [name for name, r in resources.items() if r["Type"] == "AWS::S3::Bucket"]
    policies = {
        r["Properties"]["Bucket"]["Ref"]: r["Properties"]["PolicyDocument"]["Statement"]
        for r in resources.values()
        if r["Type"] == "AWS::S3::BucketPolicy"
    }
    assert len(buckets) == 2
    for name in buckets:
        properties = resources[name]["Properties"]
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert "BucketEncryption" in properties
        (statement,) = policies[name]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_rules_may_use_the_key_without_saying_for_which_account(data: dict[str, Any]) -> None:
    """EventBridge's requests to KMS don't carry aws:SourceAccount: with it as a condition, what
    rules send to the encrypted queues would be dropped without a word. Alarms' do.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    policy = data["Resources"]["DataKey"]["Properties"]["KeyPolicy"]["Statement"]
    conditions = {
        service: statement.get("Condition")
        for statement in policy
        for service in as_list(statement["Principal"].get("Service", []))
        if isinstance(service, str)
    }
    mine = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert conditions == {
        "cloudwatch.amazonaws.com": mine,
        "sns.amazonaws.com": mine,
        "events.amazonaws.com": None,
    }
