"""The account and region that a command works in, and its boto3 clients."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from towline.deploy.aws_words import aws_calls
from towline.deploy.errors import DeployError

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

    from chalicelib.aws.clients import AwsClients

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
MAX_ATTEMPTS = 8
"""A deployment has time: a throttled request waits rather than fails."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks, and where. Clients are made at first use."""

    id: str
    arn: str
    """Whoever the credentials belong to."""
    region: str
    _session: Session = field(repr=False)
    _credentials: Any = field(repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def cloudformation(self) -> CloudFormationClient:
        return cast("CloudFormationClient", self._client("cloudformation"))

    def s3(self) -> S3Client:
        return cast("S3Client", self._client("s3"))

    def ecr(self) -> ECRClient:
        return cast("ECRClient", self._client("ecr"))

    def ecs(self) -> ECSClient:
        return cast("ECSClient", self._client("ecs"))

    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", self._client("dynamodb"))

    def ssm(self) -> SSMClient:
        return cast("SSMClient", self._client("ssm"))

    def secrets(self) -> SecretsManagerClient:
        return cast("SecretsManagerClient", self._client("secretsmanager"))

    def kms(self) -> KMSClient:
        return cast("KMSClient", self._client("kms"))

    def iam(self) -> Any:
        return self._client("iam")

    def apigateway(self) -> Any:
        return self._client("apigateway")

    def service_clients(self) -> AwsClients:
        """The service's own clients with these credentials: for its table, by its own code."""
        from botocore.session import Session as BotocoreSession

        from chalicelib.aws.clients import AwsClients

        # A session of its own, as two of boto3's can't share one; the same credentials object, as
        # finding it again might ask for a second factor again.
        botocore_session = BotocoreSession()
        botocore_session.register_component("credential_provider", _Found(self._credentials))
        return AwsClients(region=self.region, session=botocore_session)

    def _client(self, name: str) -> Any:
        if name not in self._clients:
            self._clients[name] = _make(self._session, name)
        return self._clients[name]


class _Found:
    """botocore's way to find credentials, for those that were found."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Any:
        return self._credentials


def open_account(*, region: str | None = None, profile: str | None = None) -> Account:
    """The account that the credentials belong to, by one request. Repeatable.

    Credentials, profile and region are found where every AWS tool finds them, ``AWS_ENDPOINT_URL``
    included. Raises ``DeployError`` with a sentence when there are none or they are not taken.
    """
    import boto3
    from botocore.session import Session as BotocoreSession

    with aws_calls("read the AWS configuration"):
        botocore_session = BotocoreSession(profile=profile)
        # boto3 knows AWS_DEFAULT_REGION alone; AWS's other tools and Lambda take AWS_REGION first.
        session = boto3.session.Session(
            botocore_session=cast("Any", botocore_session),
            region_name=region or os.environ.get("AWS_REGION"),
        )
        # Asked for at once: otherwise the first request says so, in other words.
        credentials = _credentials(session)
    if not session.region_name:
        raise DeployError(
            "no AWS region is known: give --region, or set AWS_REGION, such as eu-west-1"
        )
    with aws_calls("ask AWS whose credentials these are"):
        sts = _make(session, "sts")
        identity = sts.get_caller_identity()
    return Account(
        id=identity["Account"],
        arn=identity["Arn"],
        region=session.region_name,
        _session=session,
        _credentials=credentials,
    )


def _credentials(session: Session) -> Any:
    try:
        return session.get_credentials()
    except OSError as trouble:  # the profile's credential_process
        raise DeployError(
            f"the program that gives the AWS credentials can't be run ({trouble}): look at "
            "credential_process in ~/.aws/config, or set --profile or AWS_PROFILE to another"
        ) from None


def _make(session: Session, name: str) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
    )
    # One fixed service name would pick one of boto3's typed overloads; any will do here.
    make = cast("Any", session.client)
    try:
        return make(name, config=config)
    except ValueError as trouble:
        raise DeployError(f"{trouble}: look at AWS_ENDPOINT_URL, or unset it for AWS") from None
