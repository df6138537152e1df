"""AWS's refusals as sentences: what was wrong, where, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from towline.deploy.errors import DeployError, DeployFailed

PERMISSIONS_PAGE = "docs/deployment.md"
CREDENTIALS_HINT = (
    "set AWS_PROFILE or --profile to one that works, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN with temporary ones)"
)
MAX_MESSAGE = 600

# As in: User X is not authorized to perform: s3:PutObject on resource Y because ...
_NOT_AUTHORIZED = re.compile(r"not authorized to perform:? ?([a-z0-9-]+:[A-Za-z]+)")
_HEADS = {"HeadObject": "s3:GetObject", "HeadBucket": "s3:ListBucket"}
_EXPIRED = {
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired",
}  # fmt: skip
_UNKNOWN_KEY = {
    "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure",
    "InvalidToken",
}  # fmt: skip
_BAD_SIGNATURE = {"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"}
_DENIED = {
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError",
    "Forbidden", "403",
}  # fmt: skip


@contextmanager
def aws_calls(what: str, *, begun: bool = False) -> Iterator[None]:
    """Turn boto3's errors of the block into ``DeployError`` (``DeployFailed`` when ``begun``).

    ``what`` continues "could not ...": "read the stack towline-dev".
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        kind = DeployFailed if begun else DeployError
        raise kind(sentence(what, error)) from error


def code_of(error: ClientError) -> str:
    """The service's code, such as ``ValidationError``; '' without one."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """The service's words on one line, cut when they are a whole page."""
    said = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
    return said if len(said) <= MAX_MESSAGE else said[:MAX_MESSAGE] + "..."


def sentence(what: str, error: ClientError | BotoCoreError) -> str:
    """The whole sentence for one error."""
    if isinstance(error, ClientError):
        return _refusal(what, error)
    if isinstance(error, NoCredentialsError):
        return f"no AWS credentials were found: {CREDENTIALS_HINT}"
    if isinstance(error, PartialCredentialsError):
        return f"the AWS credentials are incomplete ({error}): {CREDENTIALS_HINT}"
    if isinstance(error, ProfileNotFound):
        return f"{_plain(error)}: look at ~/.aws/config, or set --profile or AWS_PROFILE to another"
    if isinstance(error, NoRegionError):
        return "no AWS region is known: give --region, or set AWS_REGION, such as eu-west-1"
    if isinstance(error, ConnectionError | HTTPClientError):
        return (
            f"could not {what}: AWS can't be reached ({_plain(error)}): is the network up, "
            "and is there such a region?"
        )
    if "SSO" in type(error).__name__ or "Token" in type(error).__name__:
        return (
            f"the AWS sign-in has ended ({_plain(error)}): sign in again ('aws sso login'), "
            "then repeat the command"
        )
    return f"could not {what}: {_plain(error)}"


def _refusal(what: str, error: ClientError) -> str:
    code, said = code_of(error), message_of(error)
    if code in _EXPIRED:
        return f"the AWS credentials have expired: get new ones, or {CREDENTIALS_HINT}"
    if code in _UNKNOWN_KEY:
        return f"AWS does not know these credentials ({code}): {CREDENTIALS_HINT}"
    if code in _BAD_SIGNATURE:
        return (
            f"AWS refused the signature ({code}): the secret key does not belong to the access "
            "key, or this machine's clock is wrong"
        )
    action = missing_action(said) or (action_of(error) if code in _DENIED else None)
    if action:
        return (
            f"could not {what}: these credentials may not do {action} ({said or code}). "
            f"{PERMISSIONS_PAGE} lists what whoever deploys needs"
        )
    return f"could not {what}: AWS answered {code}: {said}".rstrip(": ")


def missing_action(said: str) -> str | None:
    """The IAM action that a refusal names, such as ``iam:CreateRole``."""
    found = _NOT_AUTHORIZED.search(said)
    return found[1] if found else None


def action_of(error: ClientError) -> str:
    """The action of the request, when the refusal does not name it: an answer to HEAD can't."""
    operation = str(error.operation_name)
    return _HEADS.get(operation, operation)


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".: ")
