"""Permits: what S3's own signer would make, and nothing but what they allow gets through."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.aws.clients import AwsCredentials
from chalicelib.aws.permits import UploadPermits
from chalicelib.aws.post_policy import UploadRefused, check_upload, sign_upload
from tests.aws.world import NOW, World

SIGNER = AwsCredentials("AKUPLOAD", "upload-secret")
BUCKET = "logs-bucket"
KEY = "logs/job1/1/000000000000000-00000000-5.gz"


def _permits(**changed: Any) -> UploadPermits:
    options: dict[str, Any] = {
        "bucket": BUCKET,
        "region": "eu-west-1",
        "credentials": lambda: SIGNER,
        "clock": lambda: NOW,
    }
    return UploadPermits(**(options | changed))


def _check(fields: dict[str, str], key: str = KEY, size: int = 5, **changed: Any) -> None:
    options: dict[str, Any] = {"now": NOW, "secret_key": SIGNER.secret_key, "bucket": BUCKET}
    check_upload(fields, key, size, **(options | changed))


@pytest.fixture
def fields() -> dict[str, str]:
    return dict(_permits().make("job1", 1).fields)


def test_a_permit_says_where_what_and_how_long() -> None:
    permit = _permits().make("job1", 1)
    assert permit.url == "https://logs-bucket.s3.eu-west-1.amazonaws.com/"
    assert permit.prefix == "logs/job1/1/"
    assert permit.fields["key"] == "logs/job1/1/${filename}"
    assert (permit.max_bytes, permit.expires_in_s) == (256 << 20, 3600)
    assert _permits(url="http://127.0.0.1:1/up").make("j", 1).url == "http://127.0.0.1:1/up"
    assert SIGNER.secret_key not in repr(permit)


def test_what_the_permit_allows_passes(fields: dict[str, str]) -> None:
    _check(fields)
    _check(fields, size=1)
    _check(fields, size=256 << 20)
    _check(fields, key="logs/job1/1/log.gz")
    _check(fields, now=NOW + timedelta(seconds=3599))
    _check({name.upper(): value for name, value in fields.items()})


def _botocore_form(**options: Any) -> dict[str, str]:
    """What the driver's own signer makes, now."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id=SIGNER.access_key,
        aws_secret_access_key=SIGNER.secret_key,
        config=Config(signature_version="s3v4"),
    )
    made = client.generate_presigned_post(BUCKET, "logs/job1/1/${filename}", **options)
    return dict(made["fields"])


def test_a_form_that_botocore_signed_passes_the_same_check() -> None:
    fields = _botocore_form(Conditions=[["content-length-range", 1, 99]], ExpiresIn=600)
    now = datetime.now(UTC)
    _check(fields, now=now)
    with pytest.raises(UploadRefused, match="100 bytes"):
        _check(fields, size=100, now=now)
    with pytest.raises(UploadRefused, match="signature"):
        _check(fields, now=now, secret_key="other")


def test_a_policy_that_limits_no_size_is_refused() -> None:
    with pytest.raises(UploadRefused, match="limits no"):
        _check(_botocore_form(), now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("key", "size"),
    [
        ("logs/job1/2/log.gz", 5),
        ("logs/job2/1/log.gz", 5),
        ("logs/job1/11/log.gz", 5),
        ("specs/job1.json", 5),
        ("logs/job1/1/../../job2/1/log.gz", 5),
        ("logs/job1/1/./log.gz", 5),
        ("logs/job1/1/..", 5),
        ("logs/job1/1//log.gz", 5),
        ("/logs/job1/1/log.gz", 5),
        ("logs/job1/1/", 5),
        ("logs/job1/1/a\0b", 5),
        ("logs/job1/1/a\nb", 5),
        ("logs/job1/1/log.gz\n", 5),
        ("logs/job1/1/%2e%2e", 5),
        ("logs/job1/1/a\\..\\b", 5),
        ("logs/job1/1/${filename}", 5),
        ("", 5),
        (KEY, 0),
        (KEY, (256 << 20) + 1),
    ],
)
def test_other_places_and_sizes_are_refused(fields: dict[str, str], key: str, size: int) -> None:
    with pytest.raises(UploadRefused):
        _check(fields, key, size)


def test_an_expired_permit_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(UploadRefused, match="expired"):
        _check(fields, now=NOW + timedelta(seconds=3600))


def test_another_bucket_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(UploadRefused, match="bucket"):
        _check(fields, bucket="other")


def _policy(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, str]], None]:
    def tamper(fields: dict[str, str]) -> None:
        document = json.loads(base64.b64decode(fields["policy"]))
        change(document)
        fields["policy"] = base64.b64encode(json.dumps(document).encode()).decode()

    return tamper


TAMPERED: dict[str, Callable[[dict[str, str]], Any]] = {
    "another prefix": _policy(
        lambda d: d["conditions"].__setitem__(1, ["starts-with", "$key", ""])
    ),
    "a larger size": _policy(
        lambda d: d["conditions"].__setitem__(2, ["content-length-range", 0, 1 << 40])
    ),
    "a later end": _policy(lambda d: d.update(expiration="2099-01-01T00:00:00.000Z")),
    "another signature": lambda f: f.update({"x-amz-signature": "0" * 64}),
    "an odd signature": lambda f: f.update({"x-amz-signature": "é"}),
    "no signature": lambda f: f.pop("x-amz-signature"),
    "no policy": lambda f: f.pop("policy"),
    "an empty policy": lambda f: f.update(policy=""),
    "another signer": lambda f: f.update(
        {"x-amz-credential": f["x-amz-credential"].replace("AKUPLOAD", "AKADMIN")}
    ),
    "another region": lambda f: f.update(
        {"x-amz-credential": f["x-amz-credential"].replace("eu-west-1", "eu-west-2")}
    ),
    "another day": lambda f: f.update(
        {"x-amz-credential": f["x-amz-credential"].replace("20260102", "20260103")}
    ),
    "another date": lambda f: f.update({"x-amz-date": "20270102T030405Z"}),
    "another algorithm": lambda f: f.update({"x-amz-algorithm": "none"}),
    "a field of its own": lambda f: f.update(acl="public-read"),
    "a redirect": lambda f: f.update(success_action_redirect="http://127.0.0.1/"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_permit_is_refused(fields: dict[str, str], how: str) -> None:
    TAMPERED[how](fields)
    with pytest.raises(UploadRefused):
        _check(fields)


def test_a_permit_signed_with_another_key_is_refused() -> None:
    forged = _permits(credentials=lambda: AwsCredentials("AKUPLOAD", "guess")).make("job1", 1)
    with pytest.raises(UploadRefused, match="signature"):
        _check(dict(forged.fields))


def test_temporary_credentials_bind_their_session_token() -> None:
    signer = AwsCredentials("AKUPLOAD", SIGNER.secret_key, "session")
    made = dict(_permits(credentials=lambda: signer).make("job1", 1).fields)
    assert made["x-amz-security-token"] == "session"
    _check(made)
    with pytest.raises(UploadRefused, match="security-token"):
        _check(made | {"x-amz-security-token": "other"})


def test_credentials_are_asked_for_each_permit() -> None:
    asked = iter([SIGNER, AwsCredentials("AKNEXT", "next")])
    permits = _permits(credentials=lambda: next(asked))
    permits.make("j", 1)
    assert permits.make("j", 1).fields["x-amz-credential"].startswith("AKNEXT/")


def test_a_runners_form_reaches_the_bucket(world: World, moto_endpoint: str) -> None:
    fields = sign_upload(
        bucket=world.bucket,
        prefix="logs/job1/1/",
        max_bytes=1 << 20,
        now=NOW,
        lifetime_s=60,
        credentials=SIGNER,
        region="eu-west-1",
    )
    body = bytes(range(256))
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), value.encode())
        for name, value in fields.items()
    )
    form = parts + (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="c.gz"\r\n\r\n'
        + body
        + b"\r\n--x--\r\n"
    )
    request = urllib.request.Request(
        f"{moto_endpoint}/{world.bucket}",
        data=form,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status in (200, 204)
    stored = world.clients.s3().get_object(Bucket=world.bucket, Key="logs/job1/1/c.gz")
    assert stored["Body"].read() == body
