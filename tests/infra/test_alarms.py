"""Alarms and dashboard look at what the service writes; runbooks exist for all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.blame import Fault
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.stop_reasons import Subject
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.github.refusal import Reason
from chalicelib.observability import METRICS, NAMESPACE
from chalicelib.usecases.github_trouble import RefusedFor
from tests.infra.deployment import ROOT, deployment

FUNCTIONS = ("APIHandler", "Launcher", "TaskState", "Builder", "Notifier", "Outbox", "Reaper")
WORDS = {
    "verdict": {verdict.value for verdict in Verdict},
    "cause": {cause.value for cause in Cause},
    "fault": {fault.value for fault in Fault},
    "subject": {subject.value for subject in Subject},
    "reason": {why.value for kind in (PutOff, Reason, RefusedFor) for why in kind},
}
STACK = deployment()
ALARMS = {name: STACK.resource(name) for name in STACK.names("AWS::CloudWatch::Alarm")}


def looked_at(alarm: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of an alarm's metrics."""
    metrics = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]
    for metric in metrics or [alarm]:
        found = {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}
        yield metric["Namespace"], metric["MetricName"], found


def is_written(name: str, dimensions: dict[str, str]) -> bool:
    """Whether the service writes this metric with exactly these dimensions, and such words."""
    words = dict(dimensions)
    stage = words.pop("stage", None)
    return (
        name in METRICS
        and stage == "test"
        and tuple(words) in METRICS[name].sets
        and all(word in WORDS[dimension] for dimension, word in words.items())
    )


def dashboard_rows() -> Iterator[list[Any]]:
    body = json.loads(STACK.resource("Dashboard")["DashboardBody"])
    for widget in body["widgets"]:
        yield from widget["properties"].get("metrics", [])


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_pages_somebody_and_links_to_a_runbook_that_exists(name: str) -> None:
    alarm = ALARMS[name]
    topic = STACK.value({"Ref": "AlarmTopic"})
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]
    found = re.search(r"Runbook: docs/operations\.md#([a-z0-9-]+)$", alarm["AlarmDescription"])
    assert found is not None, alarm["AlarmDescription"]
    headings = re.findall(r"^### (.+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    assert found[1] in headings
    assert alarm["AlarmName"].startswith(f"towline-test-{found[1]}")


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_at_metrics_that_are_written(name: str) -> None:
    for namespace, metric, dimensions in looked_at(ALARMS[name]):
        if namespace == NAMESPACE:
            assert is_written(metric, dimensions)
        else:
            assert namespace.startswith("AWS/")
            assert all(dimensions.values())


def test_silence_is_good_but_for_the_reapers() -> None:
    missing = {name: alarm["TreatMissingData"] for name, alarm in ALARMS.items()}
    assert missing.pop("ReaperSilentAlarm") == "breaching"
    assert set(missing.values()) == {"notBreaching"}


def test_there_is_an_alarm_for_each_thing_that_an_operator_must_act_on() -> None:
    metrics = [found for alarm in ALARMS.values() for found in looked_at(alarm)]
    own = {
        (name, *dimensions.values()) for space, name, dimensions in metrics if space == NAMESPACE
    }
    assert own == {
        ("PullFailures", "test", "runner"),
        ("JobsFinished", "test", "errored", "witness_mismatch"),
        ("JobsFinished", "test"),
        ("JobsErrored", "test", "service"),
        ("JobsOverdue", "test"),
        ("LaunchesPutOff", "test", "throttled"),
        ("LaunchesPutOff", "test", "capacity"),
        ("GitHubRefused", "test", "credentials"),
        ("DeliveriesRefused", "test", "not_signed"),
        ("DeliveriesTaken", "test"),
        ("NoticesLate", "test"),
    }
    for function in FUNCTIONS:
        dimension = {"FunctionName": STACK.value({"Ref": function})}
        assert ("AWS/Lambda", "Errors", dimension) in metrics
        if function not in ("Builder", "Notifier", "Outbox"):  # what waits for them is seen
            assert ("AWS/Lambda", "Throttles", dimension) in metrics
    for queue in ("BuildsQueue", "NoticesQueue"):
        dimension = {"QueueName": STACK.value({"Fn::GetAtt": [queue, "QueueName"]})}
        assert ("AWS/SQS", "ApproximateAgeOfOldestMessage", dimension) in metrics
    outbox = {"FunctionName": STACK.value({"Ref": "Outbox"})}
    assert ("AWS/Lambda", "IteratorAge", outbox) in metrics
    dead = ("BuildsDeadLetters", "NoticesDeadLetters", "StreamDeadLetters")
    for queue in ("LaunchDeadLetters", "EventDeadLetters", *dead):
        dimension = {"QueueName": STACK.value({"Fn::GetAtt": [queue, "QueueName"]})}
        assert ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimension) in metrics


def test_the_apis_name_is_the_one_that_its_alarm_looks_at() -> None:
    [(_, _, dimensions)] = looked_at(ALARMS["ApiErrorsAlarm"])
    body = STACK.value(STACK.template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    assert dimensions == {"ApiName": body["info"]["title"], "Stage": "api"}


def test_the_topic_takes_messages_of_this_deployments_alarms_alone() -> None:
    allowed = [
        statement
        for statement in STACK.resource("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    [statement] = allowed
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    pattern = statement["Condition"]["ArnLike"]["aws:SourceArn"].removesuffix("*")
    arns = [STACK.value({"Fn::GetAtt": [name, "Arn"]}) for name in ALARMS]
    assert all(arn.startswith(pattern) for arn in arns)


def test_mail_is_sent_only_when_an_address_is_given() -> None:
    assert STACK.names("AWS::SNS::Subscription") == []
    given = deployment(AlarmEmail="ops@example.com")
    [name] = given.names("AWS::SNS::Subscription")
    assert given.resource(name)["Endpoint"] == "ops@example.com"


def test_the_topic_is_encrypted_by_the_deployments_key_and_never_by_the_services_own() -> None:
    assert "KmsMasterKeyId" not in STACK.resource("AlarmTopic")
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    assert deployment(KmsKeyArn=key).resource("AlarmTopic")["KmsMasterKeyId"] == key


def test_the_dashboard_shows_metrics_that_are_written_and_all_of_them() -> None:
    shown: set[str] = set()
    for row in dashboard_rows():
        if isinstance(row[0], dict):
            expression = row[0]["expression"]
            sets = re.search(r"\{Towline,stage,?([a-z,]*)\}", expression)
            assert sets is not None, expression
            for name in re.findall(r'"(\w+)"', expression.split("stage=")[0]):
                assert tuple(sets[1].split(",")) in METRICS[name].sets
                shown.add(name)
        elif row[0] == NAMESPACE:
            words = [word for word in row[2:] if isinstance(word, str)]
            assert is_written(row[1], dict(zip(words[::2], words[1::2], strict=True))), row
            shown.add(row[1])
    assert shown == set(METRICS)


def test_the_dashboard_shows_all_alarms() -> None:
    body = json.loads(STACK.resource("Dashboard")["DashboardBody"])
    [widget] = [widget for widget in body["widgets"] if widget["type"] == "alarm"]
    arns = {STACK.value({"Fn::GetAtt": [name, "Arn"]}) for name in ALARMS}
    assert set(widget["properties"]["alarms"]) == arns
