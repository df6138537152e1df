"""Taking a stage out of an account: what goes, what stays, what stands in the way."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.table import JobTable
from chalicelib.domain.job import Job
from tests.deploy.world import World
from tests.fakes.cloudformation_server import Failure
from towline.deploy.destruction import Destruction
from towline.deploy.errors import DeployError, DeployFailed
from towline.deploy.kept_data import kept_data

DATA_STACK, SERVICE_STACK = "towline-dev-data", "towline-dev"
JOB_ID = "01JDWX4Y5Z0000000000000000"


def destruction(world: World) -> Destruction:
    return Destruction(world.account, "dev", world.told, world.timing)


def destroy(world: World, *, force: bool = False, delete_data: bool = False) -> None:
    todo = destruction(world)
    todo.run(todo.survey(), force=force, delete_data=delete_data)


def data_of(world: World) -> dict[str, str]:
    stack = world.cfn.stack(DATA_STACK)
    assert stack is not None
    return dict(stack.resources)


def queue_job(world: World) -> None:
    now = world.clock.now()
    job = Job(
        id=JOB_ID, project="acme/app", created_at=now, updated_at=now, due_at=now,
        queue_deadline=now + timedelta(hours=1), timeout_s=60, grace_s=10, spec="{}",
    )  # fmt: skip
    JobTable(world.account.service_clients(), data_of(world)["Table"]).create(job)


def task(world: World, *, image: str, family: str) -> str:
    """A task that runs in the stage's cluster; its ARN."""
    cluster = world.cfn.stack(SERVICE_STACK).resources["Cluster"]  # type: ignore[union-attr]
    ecs: Any = world.account.ecs()
    # moto's own network, as it wants one that is there.
    ec2: Any = boto3.client("ec2", region_name=world.account.region)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    ecs.register_task_definition(
        family=family, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256",
        memory="512", containerDefinitions=[{"name": "job", "image": image, "memory": 256}],
    )  # fmt: skip
    started = ecs.run_task(
        cluster=cluster, taskDefinition=family, launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}
        },
    )  # fmt: skip
    return str(started["tasks"][0]["taskArn"])


def test_the_service_goes_and_the_data_stays_protected(world: World) -> None:
    world.deployment().run()
    kept = data_of(world)
    destroy(world)
    assert world.cfn.stack(SERVICE_STACK) is None
    assert world.cfn.stack(DATA_STACK).protected  # type: ignore[union-attr]
    assert data_of(world) == kept
    assert len(world.objects()) == 3
    again = world.deployment().run()
    assert again.token is None, "the tokens were kept"


def test_what_is_kept_is_named_with_its_price(world: World) -> None:
    world.deployment().run()
    survey = destruction(world).survey()
    lines = [kept.line() for kept in kept_data(world.account, survey.data_resources)]
    assert [line.split(" ")[0] for line in lines] == ["bucket", "bucket", "registry", "table"]
    assert "3 objects, 52" in lines[1] or "3 objects, 5" in lines[1]
    assert all(line.endswith("a month") for line in lines)


def test_with_delete_data_nothing_of_it_is_left(world: World) -> None:
    world.deployment().run()
    made = data_of(world)
    account, s3 = world.account, world.account.s3()
    s3.put_bucket_versioning(
        Bucket=made["LogsBucket"], VersioningConfiguration={"Status": "Enabled"}
    )
    for body in (b"1", b"2"):
        s3.put_object(Bucket=made["LogsBucket"], Key="log", Body=body)
    s3.delete_object(Bucket=made["LogsBucket"], Key="log")
    s3.create_multipart_upload(Bucket=made["LogsBucket"], Key="broken")
    account.ssm().put_parameter(Name="/towline/dev/server-key", Value="x", Type="SecureString")
    account.ssm().put_parameter(Name="/towline/prod/server-key", Value="x", Type="SecureString")
    account.secrets().create_secret(Name="towline/dev/registry/hub", SecretString="x")
    account.ecr().create_repository(repositoryName="someones")
    runner = f"x.dkr.ecr.eu-west-1.amazonaws.com/{made['RunnerRepository']}@sha256:1"
    for family, image in (("towline-1", runner), ("towline-2", "other@sha256:1")):
        account.ecs().stop_task(
            cluster=world.cfn.stack(SERVICE_STACK).resources["Cluster"],  # type: ignore[union-attr]
            task=task(world, image=image, family=family),
        )
    destroy(world, delete_data=True)
    assert world.cfn.stack(DATA_STACK) is None
    assert s3.list_buckets()["Buckets"] == []
    assert account.dynamodb().list_tables()["TableNames"] == []
    repositories = account.ecr().describe_repositories()["repositories"]
    assert [shown["repositoryName"] for shown in repositories] == ["someones"]
    parameters = account.ssm().describe_parameters()["Parameters"]
    assert [shown["Name"] for shown in parameters] == ["/towline/prod/server-key"]
    secrets = account.secrets().list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert ["DeletedDate" in shown for shown in secrets] == [True]
    definitions = [
        account.ecs().describe_task_definition(taskDefinition=f"towline-{n}:1") for n in (1, 2)
    ]
    assert [d["taskDefinition"]["status"] for d in definitions] == ["INACTIVE", "ACTIVE"]


def test_a_deletion_of_data_that_died_is_finished_by_the_next(world: World) -> None:
    world.deployment().run()
    world.cfn.refuse("UpdateTerminationProtection", "ExpiredToken", "x")
    with pytest.raises(DeployError, match="expired"):
        destroy(world, delete_data=True)
    assert world.cfn.stack(DATA_STACK) is not None
    destroy(world, delete_data=True)
    assert world.cfn.stack(DATA_STACK) is None
    destroy(world, delete_data=True)


def test_jobs_that_are_not_finished_stand_in_the_way(world: World) -> None:
    world.deployment().run()
    queue_job(world)
    with pytest.raises(DeployError, match=f"1 job.*nothing was deleted(?s:.*){JOB_ID}  queued"):
        destroy(world)
    assert world.cfn.stack(SERVICE_STACK) is not None


def test_with_force_jobs_are_cancelled_and_tasks_stopped_first(world: World) -> None:
    world.deployment().run()
    queue_job(world)
    arn = task(world, image="runner@sha256:1", family="towline-x")
    table = data_of(world)["Table"]
    destroy(world, force=True)
    assert world.cfn.stack(SERVICE_STACK) is None
    job = JobTable(world.account.service_clients(), table).get(JOB_ID)
    assert job is not None
    assert job.verdict == "cancelled"
    cluster = arn.split("/")[1]
    shown = world.account.ecs().describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert [one["desiredStatus"] for one in shown] == ["STOPPED"]


def test_tasks_that_do_not_end_keep_everything_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deployment().run()
    task(world, image="runner@sha256:1", family="towline-x")
    # moto's tasks end by being looked at.
    monkeypatch.setattr(
        world.account.ecs(),
        "describe_tasks",
        lambda **asked: {
            "tasks": [{"taskArn": arn, "lastStatus": "DEPROVISIONING"} for arn in asked["tasks"]]
        },
    )
    with pytest.raises(DeployFailed, match=r"1 task.*still run 5 minutes after"):
        destroy(world, force=True)
    assert world.cfn.stack(SERVICE_STACK) is not None


def test_a_deploy_under_way_is_not_disturbed(world: World) -> None:
    world.deployment().run()
    held = world.cfn.stack(SERVICE_STACK)
    assert held is not None
    held.status = "UPDATE_IN_PROGRESS"
    with pytest.raises(DeployError, match="a deploy is under way"):
        destroy(world)


def test_a_deletion_that_failed_is_taken_up_again(world: World) -> None:
    world.deployment().run()
    world.cfn.fail_next(Failure("Cluster", "The Cluster cannot be deleted while Tasks are active"))
    with pytest.raises(DeployFailed, match=r"Cluster .*while Tasks are active"):
        destroy(world)
    destroy(world)
    assert world.cfn.stack(SERVICE_STACK) is None


def test_what_only_a_killed_deploy_left_is_deleted(world: World) -> None:
    world.cfn.refuse("DescribeChangeSet", "ExpiredToken", "x")
    world.cfn.refuse("DeleteChangeSet", "ExpiredToken", "x")
    with pytest.raises(DeployError):
        world.deployment().run()
    assert world.cfn.stack(DATA_STACK).status == "REVIEW_IN_PROGRESS"  # type: ignore[union-attr]
    destroy(world, delete_data=True)
    assert world.cfn.stack(DATA_STACK) is None


def test_nothing_there_is_nothing_to_do(world: World) -> None:
    assert destruction(world).survey().empty


def test_images_of_the_registry_do_not_keep_it(world: World) -> None:
    world.deployment().run()
    name = data_of(world)["RunnerRepository"]
    manifest = json.dumps({"schemaVersion": 2, "config": {"size": 1}, "layers": []})
    world.account.ecr().put_image(
        repositoryName=name,
        imageManifest=manifest,
        imageTag="1",
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
    )
    destroy(world, delete_data=True)
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        world.account.ecr().describe_images(repositoryName=name)
