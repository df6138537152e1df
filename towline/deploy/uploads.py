"""What is uploaded, and under which key: the hash of its content, so that nothing goes twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from towline.deploy.aws_words import aws_calls, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_INLINE_BYTES = 51_200
"""A template that is larger must be in S3.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


@dataclass(frozen=True, slots=True)
class PackagesBucket:
    """The stage's bucket for packages and templates."""

    s3: S3Client
    name: str
    owner: str
    """The account's id: a bucket of that name that is anybody else's is refused by S3."""
    say: Callable[[str], None]

    def put(self, content: bytes, key: str) -> None:
        """Upload it unless it is there. Repeatable: a key names one content."""
        if self._has(key):
            return
        folder, _, name = key.rpartition("/")
        self.say(f"uploading {folder}/{name[:12]} ({_size(len(content))})")
        with aws_calls(f"upload {key} to the bucket {self.name}", begun=True):
            self.s3.put_object(
                Bucket=self.name, Key=key, Body=content, ExpectedBucketOwner=self.owner
            )

    def put_template(self, body: str) -> str:
        """The address of the template in S3, as CloudFormation wants it."""
        key = f"templates/{hashlib.sha256(body.encode()).hexdigest()}.json"
        self.put(body.encode(), key)
        # Path style, of the region's own endpoint: true in each partition, and in an emulator.
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"

    def _has(self, key: str) -> bool:
        with aws_calls(f"look for {key} in the bucket {self.name}"):
            try:
                self.s3.head_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self.owner)
            except ClientError as error:
                # 403 where the credentials may put and get but not list: it may not be there.
                if code_of(error) in ("404", "403", "NoSuchKey", "NotFound"):
                    return False
                raise
        return True


def template_text(template: Mapping[str, Any]) -> str:
    """As short as it gets, and the same for the same template."""
    return json.dumps(template, sort_keys=True, separators=(",", ":"))


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
