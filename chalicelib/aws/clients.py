"""The AWS clients: made when first used, shared by all threads, with sane time limits."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.bucket_address import configured_endpoint

if TYPE_CHECKING:
    from boto3.session import Session as Boto3Session
    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 15.0
MAX_ATTEMPTS = 4
"""Tries per request, the first included, with exponential backoff and jitter between them."""
ECS_ATTEMPTS = 2
"""A throttled launch goes back to the queue instead of waiting in here."""
MAX_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """A key pair as it is now. ``token`` comes with temporary ones."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    """When temporary ones end, where that is known."""


class AwsClients:
    """One botocore session and its clients, each made at first use.

    With ``endpoint`` everything goes there and nothing of the user's own AWS configuration is
    read: no profile, no configuration file, no proxy, no instance metadata. Then ``credentials``
    must be given. A ``session`` of the caller's own is used as it is: local mode answers its
    requests inside the process. Clients are safe to share between threads; making one is
    serialised.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        credentials: AwsCredentials | None = None,
        session: Session | None = None,
    ) -> None:
        if endpoint is not None and credentials is None:
            credentials = _environment_credentials(endpoint)
        self._region = region
        self._endpoint = endpoint
        self._given = credentials
        self._lock = threading.RLock()
        self._session = session
        self._boto3: Boto3Session | None = None
        self._clients: dict[str, Any] = {}

    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", self._client("dynamodb"))

    def sqs(self) -> SQSClient:
        return cast("SQSClient", self._client("sqs"))

    def s3(self) -> S3Client:
        return cast("S3Client", self._client("s3"))

    def ssm(self) -> SSMClient:
        return cast("SSMClient", self._client("ssm"))

    def ecs(self) -> ECSClient:
        return cast("ECSClient", self._client("ecs"))

    def ecr(self) -> ECRClient:
        return cast("ECRClient", self._client("ecr"))

    def secretsmanager(self) -> SecretsManagerClient:
        return cast("SecretsManagerClient", self._client("secretsmanager"))

    def sts(self) -> STSClient:
        return cast("STSClient", self._client("sts"))

    @property
    def s3_endpoint(self) -> str | None:
        """Where S3's requests go instead of AWS: as given, else by the SDK's variables."""
        return self._endpoint or configured_endpoint(os.environ)

    @property
    def region(self) -> str:
        """The region given, else the environment's (``AWS_REGION`` in Lambda)."""
        region = (
            self._region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        )
        if not region:
            raise ValueError("no AWS region is known: set AWS_REGION, such as eu-west-1")
        return region

    def credentials(self) -> AwsCredentials:
        """The credentials that requests are signed with now; refreshed ones when they rotate.

        Raises ``ValueError`` when there are none.
        """
        if self._given is not None:
            return self._given
        with self._lock:
            found = self._botocore_session().get_credentials()
        if found is None:
            raise ValueError("no AWS credentials were found: set up a profile or a role")
        frozen = found.get_frozen_credentials()
        return AwsCredentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)

    def _client(self, name: str) -> Any:
        client = self._clients.get(name)
        if client is not None:
            return client
        with self._lock:
            if name not in self._clients:
                self._clients[name] = self._make(name)
            return self._clients[name]

    def _make(self, name: str) -> Any:
        import boto3
        from botocore.config import Config

        attempts = ECS_ATTEMPTS if name == "ecs" else MAX_ATTEMPTS
        options: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": READ_TIMEOUT_S,
            "retries": {"mode": "standard", "total_max_attempts": attempts},
            "max_pool_connections": MAX_CONNECTIONS,
            "tcp_keepalive": True,
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        if name == "s3":
            # Links are signed by the one version that every region and every key takes, and for
            # the region's own host: the global one redirects for hours after a bucket was made.
            options["signature_version"] = "s3v4"
            if self.s3_endpoint is None:
                options["s3"] = {
                    "addressing_style": "virtual",
                    "us_east_1_regional_endpoint": "regional",
                }
        arguments: dict[str, Any] = {}
        if self._endpoint is not None:
            # An empty mapping, not None: a proxy of the user's environment must not be asked
            # to reach an address on this machine.
            options["proxies"] = {}
            options["account_id_endpoint_mode"] = "disabled"
            options["s3"] = {"addressing_style": "path"}
            arguments["endpoint_url"] = self._endpoint
        if self._given is not None:
            arguments["aws_access_key_id"] = self._given.access_key
            arguments["aws_secret_access_key"] = self._given.secret_key
            arguments["aws_session_token"] = self._given.token
        if self._boto3 is None:
            # Only one: each adds its own handlers to the session that it is given.
            self._boto3 = boto3.session.Session(
                botocore_session=cast("Any", self._botocore_session())
            )
        # One fixed service name would pick one of boto3's typed overloads; any will do here.
        make = cast("Any", self._boto3.client)
        return make(name, region_name=self.region, config=Config(**options), **arguments)

    def _botocore_session(self) -> Session:
        if self._session is None:
            from botocore.session import Session

            # Overriding the variables' sources keeps the user's profile and files out of it.
            closed = {"profile": (None, None, None, None)} if self._endpoint is not None else None
            self._session = Session(session_vars=cast("Any", closed))
            if self._endpoint is not None:
                self._session.set_config_variable("config_file", os.devnull)
                self._session.set_config_variable("credentials_file", os.devnull)
        return self._session


def _environment_credentials(endpoint: str) -> AwsCredentials:
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        raise ValueError(
            f"no credentials for the AWS endpoint {endpoint}: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    return AwsCredentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN") or None)
