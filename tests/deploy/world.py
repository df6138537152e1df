"""An account for the deployment's tests: CloudFormation is a fake that can fail, the rest moto.

What the fake creates of the data stack is really there in moto: table, buckets, registry. Time
passes only when the deployment waits.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.aws.provision import table_definition
from chalicelib.ports import ImageFacts, Platforms
from tests.fakes.api_gateway_account import ApiGatewayAccount
from tests.fakes.cloudformation_server import CloudFormationServer
from tests.fakes.cloudformation_server.stacks import FakeStack
from towline.deploy.account import Account
from towline.deploy.change import Change
from towline.deploy.deployment import Deployment
from towline.deploy.image_step import ImageStep
from towline.deploy.operation import Stacks
from towline.deploy.order import Order, Templates
from towline.deploy.package import Package
from towline.deploy.stack_events import StackEvent
from towline.deploy.timing import Timing

DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"registry.example/runner@{DIGEST}"
AMD64 = Platforms(frozenset({"linux/amd64"}))
_KEPT = {"DeletionPolicy": "RetainExceptOnCreate"}

DATA: dict[str, Any] = {
    "Parameters": {
        "Stage": {},
        "KeepJobsDays": {"Default": "90"},
        "ApiGatewayLogRole": {"Default": "make"},
    },
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", **_KEPT, "Properties": {}},
        "LogsBucket": {
            "Type": "AWS::S3::Bucket",
            **_KEPT,
            "Properties": {"Days": {"Ref": "KeepJobsDays"}},
        },
        "PackagesBucket": {
            "Type": "AWS::S3::Bucket",
            **_KEPT,
            "Properties": {"Role": {"Ref": "ApiGatewayLogRole"}},
        },
        "RunnerRepository": {"Type": "AWS::ECR::Repository", **_KEPT, "Properties": {}},
    },
    "Outputs": {
        "TableName": {"Value": {"Ref": "Table"}},
        "BucketName": {"Value": {"Ref": "LogsBucket"}},
        "PackagesBucket": {"Value": {"Ref": "PackagesBucket"}},
        "RunnerRepositoryUri": {"Value": {"Uri": "RunnerRepository"}},
    },
}
SERVICE: dict[str, Any] = {
    # Larger than CloudFormation takes inline, as the real one is.
    "Description": "x" * 52_000,
    "Parameters": {
        "Stage": {},
        "TableName": {},
        "BucketName": {},
        "PackagesBucket": {},
        "RunnerImage": {"Default": ""},
        "RunnerArchs": {"Default": ""},
        "AlarmEmail": {"Default": ""},
        "PublicUrl": {"Default": ""},
        "LogRetentionDays": {"Default": "30"},
    },
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {}},
        "LaunchQueue": {"Type": "AWS::SQS::Queue", "Properties": {"FixedName": "a"}},
        "Launcher": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Image": {"Ref": "RunnerImage"}, "Days": {"Ref": "LogRetentionDays"}},
        },
        "LauncherRole": {"Type": "AWS::IAM::Role", "Properties": {"Email": {"Ref": "AlarmEmail"}}},
    },
    "Outputs": {"Url": {"Value": "the API"}, "Cluster": {"Value": {"Ref": "Cluster"}}},
}


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Told:
    """``Progress`` that keeps what it is told, and answers as it is set to."""

    answer: bool = True
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    events: list[StackEvent] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def event(self, event: StackEvent) -> None:
        self.events.append(event)

    def confirm(self, question: str, lost: list[Change]) -> bool:
        self.asked.append([change.logical_id for change in lost])
        return self.answer


@dataclass(slots=True)
class World:
    account: Account
    cfn: CloudFormationServer
    api_gateway: ApiGatewayAccount
    folder: Path
    clock: Clock = field(default_factory=Clock)
    told: Told = field(default_factory=Told)
    facts: ImageFacts = AMD64
    """What registries say of images."""
    names: Any = field(default_factory=lambda: (f"towline-{n}" for n in itertools.count(1)))

    @property
    def timing(self) -> Timing:
        return Timing(self.clock.now, self.clock.sleep)

    @property
    def stacks(self) -> Stacks:
        return Stacks(
            self.account.cloudformation(), "dev", self.told, self.timing, lambda: next(self.names)
        )

    def package(self, code: bytes = b"code", template: dict[str, Any] | None = None) -> Package:
        """A package like the real one, in a moment."""
        zips = self.folder / "functions.zip", self.folder / "layer.zip"
        zips[0].write_bytes(code)
        zips[1].write_bytes(b"layer")
        key = f"functions/{code.hex()}.zip"
        shown = template or SERVICE
        launcher = shown["Resources"]["Launcher"]
        with_code = {**launcher, "Properties": {**launcher["Properties"], "Code": key}}
        resources = {**shown["Resources"], "Launcher": with_code}
        return Package({**shown, "Resources": resources}, *zips, key, "layers/1.zip")

    def deployment(
        self,
        order: Order | None = None,
        *,
        package: Package | None = None,
        data: dict[str, Any] | None = None,
        engine: Any = None,
    ) -> Deployment:
        """One whose image is given, unless the order says another; no engine answers."""
        from towline.deploy.runner_image import ImageChoice

        order = order or Order("dev", image=ImageChoice(reference=IMAGE))
        return Deployment(
            self.account,
            order,
            Templates(data or DATA, package or self.package()),
            ImageStep(self.account, order, self.told, lambda: engine, lambda *_: self.facts),
            self.told,
            self.timing,
            lambda count: next(_bytes).to_bytes(count, "big"),
        )

    def objects(self) -> list[str]:
        """What is in the packages bucket."""
        stack = self.cfn.stack("towline-dev-data")
        assert stack is not None
        found = self.account.s3().list_objects_v2(Bucket=stack.resources["PackagesBucket"])
        return [shown["Key"] for shown in found.get("Contents", [])]


_bytes = itertools.count(1)
_numbers = itertools.count(1)


def provision(account: Account, logical_id: str, kind: str, _properties: Any) -> str:
    """Make in moto what the fake CloudFormation creates; its physical id."""
    name = f"towline-test-{logical_id.lower()}-{next(_numbers)}"
    if kind == "AWS::DynamoDB::Table":
        account.dynamodb().create_table(
            TableName=name, DeletionProtectionEnabled=True, **table_definition()
        )
    elif kind == "AWS::S3::Bucket":
        where: Any = {"LocationConstraint": account.region}
        account.s3().create_bucket(Bucket=name, CreateBucketConfiguration=where)
    elif kind == "AWS::ECR::Repository":
        account.ecr().create_repository(repositoryName=name)
    elif kind == "AWS::ECS::Cluster":
        account.ecs().create_cluster(clusterName=name)
    return name


def read_object(account: Account, url: str) -> str:
    """What is in S3 at that address, read as CloudFormation does: with the caller's rights."""
    bucket, _, key = url.removeprefix(f"{account.s3().meta.endpoint_url}/").partition("/")
    return account.s3().get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def output(account: Account, stack: FakeStack, value: Any) -> str:
    """The value of an output as it is declared in the templates above."""
    if isinstance(value, str):
        return f"https://api.example/{stack.name}" if value == "the API" else value
    if "Uri" in value:
        name = stack.resources[value["Uri"]]
        return f"{account.id}.dkr.ecr.{account.region}.amazonaws.com/{name}"
    return stack.resources[value["Ref"]]
