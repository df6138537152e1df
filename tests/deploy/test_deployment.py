"""A whole deployment: both stacks, uploads, image, first token; repeated, updated, killed."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.ports import CannotTell, NoSuchImage, Platforms
from tests.deploy.world import IMAGE, World, read_object
from tests.fakes.cloudformation_server import Failure
from towline.deploy.account_wide import api_log_role, make_ecs_role
from towline.deploy.deployed_service import deployed_service
from towline.deploy.errors import DeployError, DeployFailed
from towline.deploy.order import Order
from towline.deploy.runner_image import ImageChoice

DATA_STACK, SERVICE_STACK = "towline-dev-data", "towline-dev"


def order(**options: Any) -> Order:
    return Order("dev", image=ImageChoice(reference=IMAGE), **options)


def service_of(world: World) -> Any:
    return deployed_service(
        world.account,
        table=world.cfn.stack(DATA_STACK).resources["Table"],  # type: ignore[union-attr]
        stage="dev",
        clock=world.clock.now,
        random_bytes=lambda count: b"x" * count,
    )


def test_the_first_deployment_makes_both_stacks_and_an_admin_token_that_works(
    world: World,
) -> None:
    deployed = world.deployment().run()
    assert deployed.stacks == {DATA_STACK: "created", SERVICE_STACK: "created"}
    assert deployed.url == "https://api.example/towline-dev"
    assert deployed.runner_image == IMAGE
    service, data = world.cfn.stack(SERVICE_STACK), world.cfn.stack(DATA_STACK)
    assert service is not None
    assert data is not None
    assert service.parameters["TableName"] == data.resources["Table"]
    assert service.parameters["RunnerArchs"] == "x86_64"
    assert service.tags == {"towline:stage": "dev"}
    assert (data.protected, service.protected) == (True, False)
    token = service_of(world).check_token(deployed.token)
    assert token is not None
    assert set(token.scopes) == {"admin"}
    assert str(deployed.token) not in repr(deployed)


def test_the_template_goes_through_the_bucket_as_it_is_too_large_to_send(world: World) -> None:
    world.deployment().run()
    [url] = [asked["TemplateURL"] for _, asked in world.cfn.asked if "TemplateURL" in asked]
    assert len(read_object(world.account, url)) > 51_200
    assert sorted(key.partition("/")[0] for key in world.objects()) == [
        "functions", "layers", "templates",
    ]  # fmt: skip


def test_a_second_deployment_of_the_same_changes_and_uploads_nothing(world: World) -> None:
    world.deployment().run()
    world.told.said.clear()
    again = world.deployment().run()
    assert set(again.stacks.values()) == {"unchanged"}
    assert again.token is None
    assert not any(line.startswith("uploading") for line in world.told.said)


def test_what_was_changed_by_hand_is_put_back_only_when_asked_for(world: World) -> None:
    """CloudFormation compares templates: a deploy of the same one finds nothing to do."""
    world.deployment(order(revert_drift=True)).run()
    world.deployment().run()
    modes = [asked.get("DeploymentMode") for _, asked in world.cfn.asked if "TemplateURL" in asked]
    assert modes == [None, None], "what is not there yet has not drifted"
    world.deployment(order(revert_drift=True)).run()
    asked = [asked for _, asked in world.cfn.asked if "ChangeSetType" in asked][-2:]
    assert [one.get("DeploymentMode") for one in asked] == ["REVERT_DRIFT", "REVERT_DRIFT"]


def test_new_code_is_uploaded_beside_the_old_and_updates_the_service_alone(world: World) -> None:
    world.deployment().run()
    again = world.deployment(package=world.package(b"newer")).run()
    assert again.stacks == {DATA_STACK: "unchanged", SERVICE_STACK: "updated"}
    assert len([key for key in world.objects() if key.startswith("functions/")]) == 2


def test_parameters_are_kept_by_later_deployments_and_so_are_the_stacks_own_tags(
    world: World,
) -> None:
    given = {"AlarmEmail": "ops@example.org", "KeepJobsDays": "7"}
    world.deployment(order(parameters=given)).run()
    service = world.cfn.stack(SERVICE_STACK)
    assert service is not None
    service.tags["owner"] = "somebody"
    world.deployment(order(parameters={"LogRetentionDays": "90"})).run()
    assert service.parameters["AlarmEmail"] == "ops@example.org"
    assert service.parameters["LogRetentionDays"] == "90"
    assert service.tags == {"owner": "somebody", "towline:stage": "dev"}
    assert world.cfn.stack(DATA_STACK).parameters["KeepJobsDays"] == "7"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("LogRetentionDay", "did you mean LogRetentionDays?"),
        ("Zebra", "there are AlarmEmail, ApiGatewayLogRole, KeepJobsDays, LogRetentionDays"),
        ("TableName", "the deployment sets it itself"),
        ("RunnerImage", "the deployment sets it itself"),
    ],
)
def test_a_parameter_that_nobody_takes_is_refused_before_anything_is_made(
    world: World, name: str, says: str
) -> None:
    with pytest.raises(DeployError) as refused:
        world.deployment(order(parameters={name: "x"})).run()
    assert says in str(refused.value)
    assert world.cfn.asked == []


def test_a_service_that_can_not_be_changed_now_stops_the_deployment_before_the_data(
    world: World,
) -> None:
    world.deployment().run()
    held = world.cfn.stack(SERVICE_STACK)
    assert held is not None
    held.status = "UPDATE_IN_PROGRESS"
    made = world.cfn.count("CreateChangeSet")
    with pytest.raises(DeployError, match="another deploy"):
        world.deployment(order(parameters={"KeepJobsDays": "7"})).run()
    assert world.cfn.count("CreateChangeSet") == made


@pytest.mark.parametrize("operation", [
    "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStackEvents",
    "UpdateTerminationProtection", "DescribeStacks",
])  # fmt: skip
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_deployment_that_died_anywhere_is_finished_by_the_next(
    world: World, operation: str, after: int
) -> None:
    world.cfn.refuse(operation, "ExpiredToken", "x", after=after)
    try:
        first = world.deployment().run()
    except DeployError:
        first = None
    for stack in world.cfn.operations.stacks:
        # CloudFormation goes on by itself.
        for _ in stack.to_come:
            pass
    world.cfn.refusals.clear()
    deployed = world.deployment().run()
    assert {stack.status for stack in world.cfn.operations.stacks} == {"CREATE_COMPLETE"}
    assert [stack.change_sets for stack in world.cfn.operations.stacks] == [{}, {}]
    assert world.cfn.stack(DATA_STACK).protected  # type: ignore[union-attr]
    assert (first.token if first else None) or deployed.token


def test_the_first_token_is_made_once_more_when_all_are_gone_or_it_is_asked_for(
    world: World,
) -> None:
    world.deployment().run()
    assert world.deployment().run().token is None
    assert world.deployment(order(new_token=True)).run().token is not None
    service = service_of(world)
    for token in service.tokens():
        service.revoke_token(token.id)
    assert world.deployment().run().token is not None


def test_without_engine_and_image_it_stops_before_the_service_with_what_to_type(
    world: World,
) -> None:
    with pytest.raises(DeployFailed) as stopped:
        world.deployment(Order("dev")).run()
    uri = f"{world.account.id}.dkr.ecr.eu-west-1.amazonaws.com/towline-test-runnerrepository-"
    lines = [line.strip() for line in str(stopped.value).splitlines()[1:]]
    assert lines[0].startswith("docker build --platform linux/amd64 --build-arg BASE=")
    assert f"--tag {uri}" in lines[0]
    assert lines[1].startswith("aws ecr get-login-password --region eu-west-1 | docker login")
    assert lines[2].startswith(f"docker push {uri}")
    assert lines[3].startswith("towline deploy --stage dev --region eu-west-1 --arch x86_64 --run")
    assert world.cfn.stack(SERVICE_STACK) is None
    assert world.deployment().run().stacks[DATA_STACK] == "unchanged"


def test_without_engine_the_image_stays_as_it_is(world: World) -> None:
    world.deployment().run()
    again = world.deployment(Order("dev"), package=world.package(b"newer")).run()
    assert again.runner_image == IMAGE
    assert any("stays as it is" in line for line in world.told.warned)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("registry.example/runner:latest", "must name an image by its digest"),
        ("v1", "has no image v1"),
    ],
)
def test_an_image_that_can_move_or_is_not_there_is_refused(
    world: World, reference: str, says: str
) -> None:
    with pytest.raises(DeployError, match=says):
        world.deployment(Order("dev", image=ImageChoice(reference=reference))).run()


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (NoSuchImage("manifest unknown"), "there is no runner's image .*: manifest unknown"),
        (Platforms(frozenset({"linux/arm64"})), "is for linux/arm64, but jobs of --arch x86_64"),
    ],
)
def test_an_image_that_its_registry_speaks_against_is_refused(
    world: World, facts: Any, says: str
) -> None:
    world.facts = facts
    with pytest.raises(DeployError, match=says):
        world.deployment().run()
    assert world.cfn.stack(SERVICE_STACK) is None


def test_an_image_whose_registry_can_not_be_asked_is_taken_with_a_warning(world: World) -> None:
    world.facts = CannotTell("no network")
    assert world.deployment().run().runner_image == IMAGE
    assert world.told.warned == ["the runner's image was not looked at: no network"]


def test_what_an_account_has_once_is_made_once(world: World) -> None:
    world.deployment().run()
    made = "made the role that ECS works with in this account"
    assert world.told.said.count(made) == 1
    data = world.cfn.stack(DATA_STACK)
    assert data is not None
    assert data.parameters["ApiGatewayLogRole"] == "make"
    roles = world.account.iam().list_roles()["Roles"]
    assert [role["RoleName"].lower() for role in roles] == ["awsserviceroleforecs"]
    assert not make_ecs_role(world.account), "it is there now"


def test_a_role_for_the_apis_logs_that_is_there_is_used_and_later_kept(world: World) -> None:
    theirs = world.account.iam().create_role(RoleName="theirs", AssumeRolePolicyDocument="{}")
    world.api_gateway.log_role = theirs["Role"]["Arn"]
    world.deployment().run()
    data = world.cfn.stack(DATA_STACK)
    assert data is not None
    assert data.parameters["ApiGatewayLogRole"] == "existing"
    world.api_gateway.log_role = ""
    assert world.deployment().run().stacks[DATA_STACK] == "unchanged"


def test_a_role_for_the_apis_logs_that_is_gone_is_made_anew(world: World) -> None:
    """A rolled-back first deployment deletes its role, and API Gateway goes on naming it."""
    world.api_gateway.log_role = "arn:aws:iam::123456789012:role/towline-dev-data-gone"
    assert api_log_role(world.account) == "make"


def test_a_failed_update_leaves_the_service_as_it_was_and_gives_the_reason(world: World) -> None:
    world.deployment().run()
    world.cfn.fail_next(Failure("Launcher", "Unzipped size must be smaller than 262144000 bytes"))
    with pytest.raises(DeployFailed, match=r"Launcher .*Unzipped size must be smaller"):
        world.deployment(package=world.package(b"newer")).run()
    held = world.cfn.stack(SERVICE_STACK)
    assert held is not None
    assert held.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.deployment(package=world.package(b"newest")).run().stacks[SERVICE_STACK] == (
        "updated"
    )


def test_a_rollback_that_failed_is_taken_up_before_the_rest_when_asked_for(world: World) -> None:
    world.deployment().run()
    world.cfn.fail_next(Failure("Launcher", "broken", rollback_fails=True))
    with pytest.raises(DeployFailed, match=r"Launcher .*: broken.*--continue-rollback"):
        world.deployment(package=world.package(b"newer")).run()
    newer = world.deployment(order(continue_rollback=True), package=world.package(b"newer")).run()
    assert newer.stacks[SERVICE_STACK] == "updated"
