"""What stays in an account when the service is gone, and what that costs a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from towline.deploy.stack import Resource

if TYPE_CHECKING:
    from towline.deploy.account import Account

PRICES_OF = "2026-11, us-east-1"
# Dollars a GB and month, from the pages of DynamoDB (storage, and point-in-time recovery), S3
# Standard and ECR on aws.amazon.com/<service>/pricing; a KMS key costs a dollar a month.
TABLE_USD_PER_GB = 0.25 + 0.20
BUCKET_USD_PER_GB = 0.023
IMAGES_USD_PER_GB = 0.10
KEY_USD = 1.0
MAX_OBJECTS = 20_000
"""Listing more would take longer than reading the answer is worth."""
GB = 1e9


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that holds something. ``usd`` is a month's price; None: it can't be told."""

    what: str
    name: str
    size: str
    usd: float | None

    def line(self) -> str:
        price = "" if self.usd is None else f", {_dollars(self.usd)} a month"
        return f"{self.what} {self.name}: {self.size}{price}"


def kept_data(account: Account, found: Sequence[Resource]) -> list[Kept]:
    """Everything in the data stack that holds something. What can't be looked at has no size."""
    look = {
        "AWS::DynamoDB::Table": _table,
        "AWS::S3::Bucket": _bucket,
        "AWS::ECR::Repository": _images,
        "AWS::KMS::Key": _key,
    }
    kept = []
    for resource in found:
        if resource.type in look and resource.physical_id:
            try:
                kept.append(look[resource.type](account, resource.physical_id))
            except (ClientError, BotoCoreError):
                # It is only told: a permission that is missing must not stop anything.
                kept.append(Kept(resource.logical_id, resource.physical_id, "size unknown", None))
    return kept


def total(kept: Sequence[Kept]) -> str:
    """One sentence on the price of it all."""
    known = sum(item.usd or 0.0 for item in kept)
    least = "at least" if any(item.usd is None for item in kept) else "about"
    return f"together {least} {_dollars(known)} a month ({PRICES_OF} prices)"


def _table(account: Account, name: str) -> Kept:
    shown = account.dynamodb().describe_table(TableName=name)["Table"]
    size, count = shown.get("TableSizeBytes", 0), shown.get("ItemCount", 0)
    # Both figures are up to six hours old; good enough for a price.
    return Kept("table", name, f"{count:,} items, {_size(size)}", size / GB * TABLE_USD_PER_GB)


def _bucket(account: Account, name: str) -> Kept:
    size = count = 0
    for page in account.s3().get_paginator("list_objects_v2").paginate(Bucket=name):
        for shown in page.get("Contents", ()):
            size, count = size + shown["Size"], count + 1
        if count >= MAX_OBJECTS:
            return Kept("bucket", name, f"more than {count:,} objects, {_size(size)}", None)
    return Kept("bucket", name, f"{count:,} objects, {_size(size)}", size / GB * BUCKET_USD_PER_GB)


def _images(account: Account, name: str) -> Kept:
    sizes = [
        shown.get("imageSizeInBytes", 0)
        for page in account.ecr().get_paginator("describe_images").paginate(repositoryName=name)
        for shown in page["imageDetails"]
    ]
    size = sum(sizes)
    return Kept(
        "registry", name, f"{len(sizes)} images, {_size(size)}", size / GB * IMAGES_USD_PER_GB
    )


def _key(account: Account, name: str) -> Kept:
    state = account.kms().describe_key(KeyId=name)["KeyMetadata"].get("KeyState", "")
    return Kept("encryption key", name, state, KEY_USD)


def _size(size: int) -> str:
    for unit, factor in (("GB", GB), ("MB", 1e6)):
        if size >= factor / 10:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"


def _dollars(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.01 else "less than a cent"
