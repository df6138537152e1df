"""Deleting what a deployment keeps. Each part may be repeated; what is gone already is no error.

The stack's deletion keeps table, buckets, registry and key (``DeletionPolicy``), so they are
deleted one by one, and the stack last: whoever is killed in between finds the rest by the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from towline.deploy import names
from towline.deploy.aws_words import aws_calls, code_of
from towline.deploy.errors import DeployFailed
from towline.deploy.stack import Resource

if TYPE_CHECKING:
    from towline.deploy.account import Account
    from towline.deploy.timing import Timing

KEY_WAITS_DAYS = 30
SECRET_WAITS_DAYS = 7
FAMILY_PREFIX = "towline-"
SSM_BATCH = 10
DEREGISTER_PAUSE_S = 1.0
"""ECS takes one deregistration a second, after a burst of 20.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"""
DELETED_BESIDE = {
    "AWS::DynamoDB::Table": "table",
    "AWS::S3::Bucket": "bucket",
    "AWS::ECR::Repository": "registry",
    "AWS::KMS::Key": "encryption key",
}
"""What the stack's own deletion keeps, and this deletes; each in a word."""
_GONE = {
    "NoSuchBucket", "404", "ResourceNotFoundException", "RepositoryNotFoundException",
    "NotFoundException", "NotFound", "KMSInvalidStateException",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DataRemoval:
    account: Account
    stage: str
    say: Callable[[str], None]
    timing: Timing

    def delete(self, found: Sequence[Resource]) -> None:
        """Delete everything of the data stack that its deletion would keep, and what was made
        beside it: secrets, the key, task definitions. Raises ``DeployFailed``.
        """
        self._delete_task_definitions(found)
        # The key last: what it encrypts can't be changed without it.
        for resource in sorted(found, key=lambda r: r.type == "AWS::KMS::Key"):
            if resource.physical_id:
                self._delete(resource)
        self._delete_parameters()
        self._delete_registry_secrets()

    def _delete(self, resource: Resource) -> None:
        if resource.type not in DELETED_BESIDE:
            return
        delete: dict[str, Callable[[str], None]] = {
            "AWS::DynamoDB::Table": self._delete_table,
            "AWS::S3::Bucket": self._delete_bucket,
            "AWS::ECR::Repository": self._delete_repository,
            "AWS::KMS::Key": self._delete_key,
        }
        what, name = DELETED_BESIDE[resource.type], resource.physical_id
        with aws_calls(f"delete the {what} {name}", begun=True), _unless_gone():
            delete[resource.type](name)

    def _delete_table(self, name: str) -> None:
        dynamodb = self.account.dynamodb()
        if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=name)
        dynamodb.delete_table(TableName=name)
        # With point-in-time recovery on, DynamoDB makes a "system backup" of a deleted table.
        self.say(f"deleted the table {name}; DynamoDB keeps a backup of it for 35 days, free")

    def _delete_bucket(self, name: str) -> None:
        s3 = self.account.s3()
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            shown: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            objects: list[Any] = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in shown]
            if objects:
                answer = s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
                if answer.get("Errors"):
                    first = answer["Errors"][0]
                    raise DeployFailed(
                        f"the bucket {name} could not be emptied: {first.get('Key')}: "
                        f"{first.get('Code')}: {first.get('Message')}"
                    )
        for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=name):
            for upload in uploads.get("Uploads", ()):
                s3.abort_multipart_upload(
                    Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        s3.delete_bucket(Bucket=name)
        self.say(f"deleted the bucket {name}")

    def _delete_repository(self, name: str) -> None:
        self.account.ecr().delete_repository(repositoryName=name, force=True)
        self.say(f"deleted the registry {name}")

    def _delete_key(self, name: str) -> None:
        self.account.kms().schedule_key_deletion(KeyId=name, PendingWindowInDays=KEY_WAITS_DAYS)
        self.say(
            f"the key {name} is deleted in {KEY_WAITS_DAYS} days; until then that can be cancelled"
        )

    def _delete_parameters(self) -> None:
        """The service's key and the projects' secrets. They are not read, only named."""
        ssm = self.account.ssm()
        prefix = names.parameter_prefix(self.stage)
        found: list[str] = []
        with aws_calls(f"delete the parameters below {prefix}", begun=True):
            pages = ssm.get_paginator("get_parameters_by_path")
            for page in pages.paginate(Path=prefix, Recursive=True, WithDecryption=False):
                found += [shown["Name"] for shown in page["Parameters"]]
            for start in range(0, len(found), SSM_BATCH):
                ssm.delete_parameters(Names=found[start : start + SSM_BATCH])
        if found:
            self.say(f"deleted {len(found)} parameter(s) below {prefix}: keys and secrets")

    def _delete_registry_secrets(self) -> None:
        secrets = self.account.secrets()
        prefix = names.registry_secrets_prefix(self.stage)
        with aws_calls(f"delete the secrets {prefix}*", begun=True):
            pages = secrets.get_paginator("list_secrets")
            for page in pages.paginate(Filters=[{"Key": "name", "Values": [prefix]}]):
                for shown in page["SecretList"]:
                    if shown["Name"].startswith(prefix) and "DeletedDate" not in shown:
                        secrets.delete_secret(
                            SecretId=shown["ARN"], RecoveryWindowInDays=SECRET_WAITS_DAYS
                        )
                        self.say(f"{shown['Name']} is deleted in {SECRET_WAITS_DAYS} days")

    def _delete_task_definitions(self, found: Sequence[Resource]) -> None:
        """Those that run the images of this stage's registry. Another stage's have other images.

        They cost nothing, but each names an image that is gone.
        """
        registries = [r.physical_id for r in found if r.type == "AWS::ECR::Repository"]
        ecs = self.account.ecs()
        count = 0
        with aws_calls("deregister task definitions", begun=True):
            pages = ecs.get_paginator("list_task_definition_families")
            for page in pages.paginate(familyPrefix=FAMILY_PREFIX, status="ACTIVE"):
                for family in page["families"]:
                    shown = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
                    if any(_runs(shown, name) for name in registries):
                        ecs.deregister_task_definition(taskDefinition=shown["taskDefinitionArn"])
                        count += 1
                        self.timing.sleep(DEREGISTER_PAUSE_S)
        if count:
            self.say(f"deregistered {count} task definition(s)")


def _runs(definition: Any, repository: str) -> bool:
    """Whether one of its containers is of that repository: ``<registry>/<repository>@...``."""
    images = [c.get("image", "") for c in definition.get("containerDefinitions", ())]
    ours = (f"{repository}@", f"{repository}:")
    return any(image.partition("/")[2].startswith(ours) for image in images)


class _unless_gone:  # noqa: N801 - reads as a word in a with statement
    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ClientError) and code_of(error) in _GONE
