"""What a reader who knows AWS would check first in the service's template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.aws.provision import MAX_RECEIVES
from chalicelib.http.errors import unknown_route
from chalicelib.settings import Settings

FUNCTIONS = {"APIHandler", "Launcher", "TaskState", "Builder", "Notifier", "Outbox", "Reaper"}
RANDOM_LETTERS = 13
"""That CloudFormation ends a name with."""
LOCAL_ONLY = {"TOWLINE_UPLOAD_URL", "TOWLINE_FLUSH_S"}
"""Settings that a deployment leaves at their defaults."""


def of_type(template: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def test_there_is_one_function_for_each_way_in(service: dict[str, Any]) -> None:
    assert {name for name, _ in of_type(service, "AWS::Serverless::Function")} == FUNCTIONS


def test_a_message_stays_hidden_for_six_times_the_launchers_time(service: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    queue = service["Resources"]["LaunchQueue"]["Properties"]
    timeout = service["Resources"]["Launcher"]["Properties"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES


def test_only_the_messages_that_failed_come_back(service: dict[str, Any]) -> None:
    launcher = service["Resources"]["Launcher"]["Properties"]
    source = launcher["Events"]["LauncherSqsEventSource"]["Properties"]
    assert source["Queue"] == {"Fn::Sub": "${LaunchQueue.Arn}"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "LauncherConcurrency"}}
    assert "ReservedConcurrentExecutions" not in launcher


@pytest.mark.parametrize("kind", ["Builds", "Notices"])
def test_queues_of_builds_keep_the_order_and_outlast_their_function(
    service: dict[str, Any], kind: str
) -> None:
    """Lambda refuses a mapping whose queue shows a message again while it is worked on."""
    queue = service["Resources"][f"{kind}Queue"]["Properties"]
    function = {"Builds": "Builder", "Notices": "Notifier"}[kind]
    properties = service["Resources"][function]["Properties"]
    assert queue["VisibilityTimeout"] > properties["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES
    for name in (f"{kind}Queue", f"{kind}DeadLetters"):
        assert service["Resources"][name]["Properties"]["FifoQueue"] is True
    [source] = properties["Events"].values()
    assert source["Properties"]["BatchSize"] == 1
    assert source["Properties"]["Queue"] == {"Fn::Sub": f"${{{kind}Queue.Arn}}"}
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_cloudformation_names_the_queues_and_their_names_fit(service: dict[str, Any]) -> None:
    """A FIFO queue's name is not shortened for its ending, and one of more than 80 letters is
    refused: https://github.com/aws/aws-cdk/issues/11041"""
    stage = "s" * 20
    assert re.fullmatch(service["Parameters"]["Stage"]["AllowedPattern"], stage)
    assert not re.fullmatch(service["Parameters"]["Stage"]["AllowedPattern"], stage + "s")
    queues = dict(of_type(service, "AWS::SQS::Queue"))
    for name, properties in queues.items():
        assert "QueueName" not in properties, name
        assert len(f"towline-{stage}-{name}-{'x' * RANDOM_LETTERS}.fifo") <= 80, name
    assert sum("FifoQueue" in properties for properties in queues.values()) == 4


def test_the_stream_is_read_from_its_beginning_and_nothing_holds_it_up_for_ever(
    service: dict[str, Any], data: dict[str, Any]
) -> None:
    [source] = service["Resources"]["Outbox"]["Properties"]["Events"].values()
    mapping = source["Properties"]
    assert mapping["Stream"] == {"Ref": "TableStreamArn"}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] >= 0
    put_away = {"Fn::GetAtt": ["StreamDeadLetters", "Arn"]}
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": put_away}}
    # A failed batch is put away in a standard queue only:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    assert "FifoQueue" not in service["Resources"]["StreamDeadLetters"]["Properties"]
    table = data["Resources"]["Table"]["Properties"]
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_streams_filter_lets_pass_what_the_outbox_acts_on_and_no_other_job(
    service: dict[str, Any],
) -> None:
    """Patterns as Lambda takes them: the record's keys, then lists of what may be there."""
    [source] = service["Resources"]["Outbox"]["Properties"]["Events"].values()
    filters = source["Properties"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(entry["Pattern"])["dynamodb"] for entry in filters]
    assert patterns == [
        {"NewImage": {"build": {"S": [{"exists": True}]}}},
        {"Keys": {"sk": {"S": ["build"]}}},
    ]


def test_launches_may_be_put_off_for_longer_than_lambda_lets_a_loop_go_on(
    service: dict[str, Any],
) -> None:
    """Each is a message of the launcher to its own queue; after 16 Lambda would end it."""
    for name in ("Launcher", "Notifier"):
        assert service["Resources"][name]["Properties"]["RecursiveLoop"] == "Allow", name


def test_the_api_answers_before_api_gateway_gives_up(service: dict[str, Any]) -> None:
    assert service["Resources"]["APIHandler"]["Properties"]["Timeout"] <= 29


def test_every_function_runs_on_the_architecture_that_was_packaged(service: dict[str, Any]) -> None:
    for name, function in of_type(service, "AWS::Serverless::Function"):
        assert function["Architectures"] == ["arm64"], name


def test_every_log_group_forgets(service: dict[str, Any]) -> None:
    groups = dict(of_type(service, "AWS::Logs::LogGroup"))
    assert all("RetentionInDays" in group for group in groups.values())
    for name, function in of_type(service, "AWS::Serverless::Function"):
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups, name
    assert "JobLogGroup" in groups


def test_what_a_rule_can_not_deliver_is_kept(service: dict[str, Any]) -> None:
    dead = {"Arn": {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}}
    for name, event in (("TaskState", "TaskStateEvent"), ("Reaper", "ReaperEvent")):
        properties = service["Resources"][name]["Properties"]["Events"][event]["Properties"]
        assert properties["DeadLetterConfig"] == dead
        assert set(properties["RetryPolicy"]) == {
            "MaximumEventAgeInSeconds",
            "MaximumRetryAttempts",
        }


def test_rules_may_send_to_the_dead_letters_whatever_the_stage_is_called(
    service: dict[str, Any],
) -> None:
    """CloudFormation cuts a long stack's name off in names of rules."""
    policy = service["Resources"]["EventDeadLettersPolicy"]["Properties"]["PolicyDocument"]
    (source,) = policy["Statement"][0]["Condition"]["ArnLike"].values()
    assert source["Fn::Sub"].endswith(":rule/towline-*")


def test_only_this_clusters_stopping_tasks_wake_the_status_function(
    service: dict[str, Any],
) -> None:
    events = service["Resources"]["TaskState"]["Properties"]["Events"]
    pattern = events["TaskStateEvent"]["Properties"]["Pattern"]
    assert pattern == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [{"Fn::GetAtt": ["Cluster", "Arn"]}],
            "desiredStatus": ["STOPPED"],
        },
    }


def test_nothing_can_connect_to_a_job(service: dict[str, Any]) -> None:
    for _, group in of_type(service, "AWS::EC2::SecurityGroup"):
        assert group["SecurityGroupIngress"] == []
    for _, subnet in of_type(service, "AWS::EC2::Subnet"):
        assert subnet["MapPublicIpOnLaunch"] is False


def test_bodies_of_requests_are_never_logged(service: dict[str, Any]) -> None:
    """Claims hold secrets."""
    api = service["Resources"]["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
    (settings,) = api["MethodSettings"]
    assert settings["DataTraceEnabled"] is False
    assert settings["LoggingLevel"] == "OFF"
    line = api["AccessLogSetting"]["Fn::If"][1]["Format"]
    assert "body" not in json.loads(line)
    assert "$context.authorizer" not in line


def gateway_responses(service: dict[str, Any]) -> dict[str, Any]:
    body = service["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    responses: dict[str, Any] = body["x-amazon-apigateway-gateway-responses"]
    return responses


def test_what_api_gateway_says_itself_has_the_services_shape(service: dict[str, Any]) -> None:
    expected = {"error": {"code", "message", "field"}}
    for kind, response in gateway_responses(service).items():
        text = response["responseTemplates"]["application/json"]
        body = json.loads(text.replace("$context.error.messageString", '"words"'))
        assert {key: set(value) for key, value in body.items()} == expected, kind


def test_a_route_that_is_not_there_is_answered_as_the_service_would(
    service: dict[str, Any],
) -> None:
    response = gateway_responses(service)["MISSING_AUTHENTICATION_TOKEN"]
    text = response["responseTemplates"]["application/json"]
    said = text.replace("$context.httpMethod", "GET").replace("$context.path", "/nothing")
    ours = unknown_route("GET", "/nothing")
    assert json.loads(said) == ours.body()
    assert response["statusCode"] == str(ours.status)


class Recorder(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__(TOWLINE_TABLE="t", TOWLINE_BUCKET="b", TOWLINE_QUEUE_URL="q")
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_the_functions_are_told_all_settings_and_nothing_else(service: dict[str, Any]) -> None:
    environ = Recorder()
    Settings.from_environment(environ)
    shared = service["Globals"]["Function"]["Environment"]["Variables"]
    for name in FUNCTIONS - {"APIHandler"}:
        own = service["Resources"][name]["Properties"]["Environment"]["Variables"]
        given = {key for key in {**shared, **own} if key.startswith("TOWLINE_")}
        assert given == environ.asked - LOCAL_ONLY, name


@pytest.mark.parametrize("switch", ["PublicUrl", "RunnerArchs", "ImageCheck", "AssignPublicIp"])
def test_the_service_understands_every_default(service: dict[str, Any], switch: str) -> None:
    """A default of the template that the settings refuse would break every function at once."""
    variable = {
        "PublicUrl": "TOWLINE_PUBLIC_URL",
        "RunnerArchs": "TOWLINE_RUNNER_ARCHS",
        "ImageCheck": "TOWLINE_IMAGE_CHECK",
        "AssignPublicIp": "TOWLINE_PUBLIC_IP",
    }[switch]
    environ = Recorder() | {variable: service["Parameters"][switch]["Default"]}
    Settings.from_environment(environ)
