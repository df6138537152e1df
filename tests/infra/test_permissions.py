"""The service's own calls against its policies: nothing missing, nothing that it does not need.

Each function does all of its work through the real adapters on moto, every request is noted
(``replay``), and the notes are held against the function's role in the template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

import app
from tests.infra.deployed_world import ROLES, DeployedWorld, deployed_world, policies
from tests.infra.deployment import deployment
from tests.infra.iam import Call, Statement, missing, unused
from tests.infra.intrinsics import ACCOUNT, REGION, Rendered
from tests.infra.replay import everything

AT = f"{REGION}:{ACCOUNT}"
KEY = f"arn:aws:kms:{AT}:key/12345678-1234-1234-1234-123456789012"

pytestmark = pytest.mark.xdist_group("replay")


@pytest.fixture(scope="module")
def replayed() -> Iterator[DeployedWorld]:
    """A deployment whose functions have done all of their work."""
    with deployed_world() as world:
        everything(world)
        yield world


def lambdas_own(stack: Rendered, function: str) -> list[Call]:
    """What Lambda itself does with a function's role: writes its log, reads its queue, puts away
    the events that it failed at.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    properties = stack.template["Resources"][function]["Properties"]
    group = stack.value(properties["LoggingConfig"]["LogGroup"])
    stream = f"arn:aws:logs:{AT}:log-group:{group}:log-stream:2026/01/01/[1]abc"
    calls = [Call(f"logs:{action}", stream) for action in ("CreateLogStream", "PutLogEvents")]
    for event in properties.get("Events", {}).values():
        if "Queue" in event["Properties"]:
            queue = stack.value(event["Properties"]["Queue"])
            polled = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
            calls += [Call(f"sqs:{action}", queue) for action in polled]
        if "Stream" in event["Properties"]:
            # https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
            table = stack.value(event["Properties"]["Stream"])
            read = ("DescribeStream", "GetRecords", "GetShardIterator")
            calls += [Call(f"dynamodb:{action}", table) for action in read]
            calls.append(Call("dynamodb:ListStreams", "*"))
            put_away = event["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
            calls.append(Call("sqs:SendMessage", stack.value(put_away)))
    if "DeadLetterQueue" in properties:
        calls.append(
            Call("sqs:SendMessage", stack.value(properties["DeadLetterQueue"]["TargetArn"]))
        )
    return calls


def made_by(world: DeployedWorld, function: str) -> list[Call]:
    return [*world.recorder.calls[function], *lambdas_own(world.stack, function)]


def test_every_route_was_driven(replayed: DeployedWorld) -> None:
    routes = {(method, path) for path, entry in app.app.routes.items() for method in entry}
    assert replayed.driven == routes


@pytest.mark.parametrize("function", ROLES)
def test_a_function_may_do_all_that_it_does(replayed: DeployedWorld, function: str) -> None:
    assert missing(made_by(replayed, function), policies(replayed.stack, ROLES[function])) == set()


@pytest.mark.parametrize("function", ROLES)
def test_a_function_does_all_that_it_may(replayed: DeployedWorld, function: str) -> None:
    assert unused(made_by(replayed, function), policies(replayed.stack, ROLES[function])) == set()


@pytest.mark.parametrize("function", ROLES)
def test_no_statement_can_be_left_out_and_none_added(
    replayed: DeployedWorld, function: str
) -> None:
    calls, allowed = made_by(replayed, function), policies(replayed.stack, ROLES[function])
    assert allowed
    for left_out in allowed:
        rest = [statement for statement in allowed if statement is not left_out]
        assert missing(calls, rest), f"{left_out.sid} is not needed"
    extra = Statement("Extra", ("dynamodb:Scan",), ("arn:aws:dynamodb:*",))
    assert unused(calls, [*allowed, extra]) == {("Extra", "dynamodb:Scan", "arn:aws:dynamodb:*")}


# --- what runs outside of the functions ----------------------------------------------------------


def fargates_own(definition: dict[str, Any]) -> Iterator[Call]:
    """What Fargate does with the execution role to start a task of this definition.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
    """
    for container in definition["containerDefinitions"]:
        registry, _, name = container["image"].partition("/")
        if ".dkr.ecr." in registry:
            repository = name.partition("@")[0].partition(":")[0]
            resource = f"arn:aws:ecr:{AT}:repository/{repository}"
            yield Call("ecr:GetAuthorizationToken", "*")
            yield Call("ecr:BatchCheckLayerAvailability", resource)
            yield Call("ecr:BatchGetImage", resource)
            yield Call("ecr:GetDownloadUrlForLayer", resource)
            if repository.startswith("hub/"):
                yield Call("ecr:CreateRepository", resource)
                yield Call("ecr:BatchImportUpstreamImage", resource)
        if "repositoryCredentials" in container:
            secret = container["repositoryCredentials"]["credentialsParameter"]
            whole = secret if secret.startswith("arn:") else f"{SECRET}{secret}"
            yield Call("secretsmanager:GetSecretValue", f"{whole}-a1B2c3")
        group = container["logConfiguration"]["options"]["awslogs-group"]
        stream = f"arn:aws:logs:{AT}:log-group:{group}:log-stream:towline/job/0123"
        yield Call("logs:CreateLogStream", stream)
        yield Call("logs:PutLogEvents", stream)


SECRET = f"arn:aws:secretsmanager:{AT}:secret:"


def test_tasks_are_started_with_exactly_what_their_definitions_need(
    replayed: DeployedWorld,
) -> None:
    calls = [call for made in replayed.recorder.definitions for call in fargates_own(made)]
    allowed = policies(replayed.stack, "ExecutionRole")
    assert missing(calls, allowed) == set()
    assert unused(calls, allowed) == set()


def test_only_the_jobs_of_a_project_with_a_role_have_one(replayed: DeployedWorld) -> None:
    roles = [definition.get("taskRoleArn") for definition in replayed.recorder.definitions]
    assert roles.count(None) == len(roles) - 1


def test_upload_permits_are_signed_with_what_an_upload_needs(replayed: DeployedWorld) -> None:
    prefix = replayed.permit["prefix"]
    upload = Call("s3:PutObject", f"arn:aws:s3:::{replayed.settings.bucket}/{prefix}log.gz")
    allowed = policies(replayed.stack, "UploadRole")
    assert missing([upload], allowed) == set()
    assert unused([upload], allowed) == set()


def by_key(calls: Iterable[Call]) -> Iterator[Call]:
    """What these calls need of the key that table, bucket and queues are encrypted with.

    AWS's services use it in the caller's name:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    needs = {
        "s3:GetObject": ("Decrypt",),
        # A bucket key is decrypted before objects are encrypted by it.
        "s3:PutObject": ("GenerateDataKey", "Decrypt"),
        "sqs:SendMessage": ("GenerateDataKey", "Decrypt"),
        "sqs:ReceiveMessage": ("Decrypt",),
    }
    for call in calls:
        service = call.action.partition(":")[0]
        actions = ("Decrypt",) if service == "dynamodb" else needs.get(call.action, ())
        for action in actions:
            context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
            yield Call(f"kms:{action}", KEY, context)


@pytest.mark.parametrize("role", [*ROLES.values(), "UploadRole"])
def test_a_key_of_ones_own_may_be_used_by_who_needs_it(replayed: DeployedWorld, role: str) -> None:
    encrypted = deployment(**replayed.parameters, KmsKeyArn=KEY)
    if role == "UploadRole":
        calls = [Call("s3:PutObject", f"arn:aws:s3:::{replayed.settings.bucket}/logs/j/1/log.gz")]
    else:
        [function] = [name for name, its_role in ROLES.items() if its_role == role]
        calls = made_by(replayed, function)
    calls += list(by_key(calls))
    allowed = policies(encrypted, role)
    assert missing(calls, allowed) == set()
    assert unused(calls, allowed) == set()
    assert "kms" not in repr(policies(replayed.stack, role))
