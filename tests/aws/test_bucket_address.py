"""Where permits point: the bucket's host in every region, or the endpoint that the SDK has."""

from __future__ import annotations

import pytest
from botocore.session import Session

from chalicelib.aws.bucket_address import bucket_url, configured_endpoint, dns_suffix


def test_the_suffix_is_botocores_own_in_every_region() -> None:
    partitions = Session().get_data("endpoints")["partitions"]
    suffixes = {
        region: partition["dnsSuffix"]
        for partition in partitions
        for region in partition["regions"]
    }
    assert len(suffixes) > 30
    assert {region: dns_suffix(region) for region in suffixes} == suffixes


@pytest.mark.parametrize(
    ("region", "endpoint", "url"),
    [
        ("eu-west-1", None, "https://logs.s3.eu-west-1.amazonaws.com/"),
        ("us-east-1", None, "https://logs.s3.us-east-1.amazonaws.com/"),
        ("cn-north-1", None, "https://logs.s3.cn-north-1.amazonaws.com.cn/"),
        ("eu-west-1", "http://127.0.0.1:4566", "http://127.0.0.1:4566/logs/"),
        ("eu-west-1", "http://127.0.0.1:4566/", "http://127.0.0.1:4566/logs/"),
    ],
)
def test_the_address_of_a_bucket(region: str, endpoint: str | None, url: str) -> None:
    assert bucket_url("logs", region, endpoint) == url


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({}, None),
        ({"AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        ({"AWS_ENDPOINT_URL_S3": "http://s3", "AWS_ENDPOINT_URL": "http://all"}, "http://s3"),
        ({"AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, None),
    ],
)
def test_the_sdks_own_variables_name_the_endpoint(
    environ: dict[str, str], endpoint: str | None
) -> None:
    assert configured_endpoint(environ) == endpoint
