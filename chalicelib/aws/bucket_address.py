"""Where a bucket is posted to. Pure: no client is made for it."""

from __future__ import annotations

from collections.abc import Mapping

_SUFFIXES = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
)
"""Regions outside the common partition, as botocore's partitions.json lists them."""


def bucket_url(bucket: str, region: str, endpoint: str | None = None) -> str:
    """The address of a form's POST: the bucket's own host, or below ``endpoint`` where there is
    one, which is the only form that an emulator or a proxy without wildcard names has.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket}/"
    return f"https://{bucket}.s3.{region}.{dns_suffix(region)}/"


def dns_suffix(region: str) -> str:
    """What the names of AWS's hosts in a region end with."""
    found = (suffix for prefix, suffix in _SUFFIXES if region.startswith(prefix))
    return next(found, "amazonaws.com")


def configured_endpoint(environ: Mapping[str, str]) -> str | None:
    """Where the SDK sends S3's requests by these variables; None: to AWS.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    return environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
