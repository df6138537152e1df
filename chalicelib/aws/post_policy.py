"""S3's presigned POST: made and checked here, by the rules of Signature Version 4.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

Both sides are pure and need no boto3: signing is local anyway, and the relay of local mode must
check what moto does not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.aws.clients import AwsCredentials

ALGORITHM = "AWS4-HMAC-SHA256"
FILENAME = "${filename}"
MAX_POLICY_CHARACTERS = 20_000

_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([a-z0-9-]+)/s3/aws4_request\Z")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
# Fields that a form may carry beside those that the policy has a condition for.
_FREE_FIELDS = frozenset({"policy", "x-amz-signature", "file"})


class UploadRefused(Exception):  # noqa: N818 - an answer to the uploader, not a fault
    """An upload that its permit does not allow. The text says why; it holds no secret."""


def sign_upload(
    *,
    bucket: str,
    prefix: str,
    max_bytes: int,
    now: datetime,
    lifetime_s: int,
    credentials: AwsCredentials,
    region: str,
) -> dict[str, str]:
    """The form's fields for uploads below ``prefix`` of 1 to ``max_bytes`` bytes.

    They hold until ``lifetime_s`` seconds after ``now``, or until the credentials end.
    """
    moment = now.astimezone(UTC)
    date = moment.strftime("%Y%m%d")
    fields = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{date}/{region}/s3/aws4_request",
        "x-amz-date": moment.strftime("%Y%m%dT%H%M%SZ"),
    }
    if credentials.token:
        fields["x-amz-security-token"] = credentials.token
    conditions: list[Any] = [
        {"bucket": bucket},
        ["starts-with", "$key", prefix],
        ["content-length-range", 1, max_bytes],
    ]
    conditions += [{name: value} for name, value in fields.items()]
    expiration = (moment + timedelta(seconds=lifetime_s)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    document = json.dumps({"expiration": expiration, "conditions": conditions})
    policy = base64.b64encode(document.encode()).decode()
    signature = _signature(policy, credentials.secret_key, date, region)
    return {"key": prefix + FILENAME, **fields, "policy": policy, "x-amz-signature": signature}


def check_upload(
    fields: Mapping[str, str],
    key: str,
    size: int,
    *,
    now: datetime,
    secret_key: str,
    bucket: str,
) -> None:
    """Raise ``UploadRefused`` unless the signed policy in ``fields`` allows this upload.

    ``key`` is the object's name with ``${filename}`` filled in, ``size`` the file's bytes. Names
    of fields are compared without case, as S3 does. Stricter than S3 in one thing: a key's parts
    are letters, digits and ``._-`` and none begins with a dot, so that no name can climb.
    """
    given = {name.lower(): value for name, value in fields.items()}
    policy = given.get("policy", "")
    _check_signature(given, policy, secret_key)
    expiration, conditions = _read_policy(policy)
    if now >= expiration:
        raise UploadRefused("the upload permit has expired; a heartbeat brings a new one")
    if not _KEY.match(key):
        raise UploadRefused("the object's name has parts that no log chunk's name has")
    facts = {**given, "key": key, "bucket": bucket}
    allowed = set(_FREE_FIELDS)
    for condition in conditions:
        allowed.add(_check_condition(condition, facts, size))
    if "key" not in allowed or "content-length-range" not in allowed or "bucket" not in allowed:
        raise UploadRefused("the upload permit limits no prefix, size or bucket")
    unknown = set(given) - allowed
    if unknown:
        raise UploadRefused(f"the permit does not allow the field {min(unknown)}")


def _check_signature(given: Mapping[str, str], policy: str, secret_key: str) -> None:
    credential = _CREDENTIAL.match(given.get("x-amz-credential", ""))
    if credential is None or not policy or given.get("x-amz-algorithm") != ALGORITHM:
        raise UploadRefused("the upload carries no signed permit")
    if len(policy) > MAX_POLICY_CHARACTERS:
        raise UploadRefused("the upload's policy is too long")
    _, date, region = credential.groups()
    expected = _signature(policy, secret_key, date, region)
    if not hmac.compare_digest(expected.encode(), given.get("x-amz-signature", "").encode()):
        raise UploadRefused("the upload permit's signature is not ours")


def _read_policy(policy: str) -> tuple[datetime, list[Any]]:
    """Only after the signature was checked: from here on it is our own text."""
    try:
        document = json.loads(base64.b64decode(policy, validate=True))
        return datetime.fromisoformat(document["expiration"]), list(document["conditions"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise UploadRefused("the upload's policy can't be read") from None


def _check_condition(condition: Any, facts: Mapping[str, str], size: int) -> str:
    """Check one condition; the name of the field that it allows."""
    if isinstance(condition, dict) and len(condition) == 1:
        ((name, value),) = condition.items()
        kind = "eq"
    elif isinstance(condition, list) and len(condition) == 3:
        kind, name, value = condition
        name = str(name).removeprefix("$") if kind != "content-length-range" else name
    else:
        raise UploadRefused("the upload's policy has a condition of an unknown form")
    if kind == "content-length-range":
        if not int(name) <= size <= int(value):
            raise UploadRefused(f"the upload has {size} bytes; it may have {name} to {value}")
        return "content-length-range"
    name = str(name).lower()
    actual = facts.get(name)
    if kind == "eq" and actual == value:
        return name
    if kind == "starts-with" and actual is not None and actual.startswith(str(value)):
        return name
    raise UploadRefused(f"the permit is not for this {name}")


def _signature(policy: str, secret_key: str, date: str, region: str) -> str:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()
