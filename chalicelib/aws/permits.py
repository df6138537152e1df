"""Upload permits: one presigned POST policy per attempt, signed without any request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.aws.clients import AwsCredentials
from chalicelib.aws.log_names import attempt_prefix
from chalicelib.aws.post_policy import sign_upload
from chalicelib.ports import UploadPermit

PERMIT_LIFETIME_S = 3600
MAX_UPLOAD_BYTES = 256 << 20
"""The archive is the compressed chunks joined: some 200 MiB for a log of 1 GiB, the usual limit."""


class UploadPermits:
    """Signs permits with credentials that may do nothing but write logs.

    ``credentials`` is asked for each permit, so that rotating ones stay fresh; a permit ends with
    them, whatever its own time. ``url`` is where the form is posted; None: the bucket itself.
    """

    def __init__(
        self,
        *,
        bucket: str,
        region: str,
        credentials: Callable[[], AwsCredentials],
        clock: Callable[[], datetime],
        url: str | None = None,
        lifetime_s: int = PERMIT_LIFETIME_S,
        max_bytes: int = MAX_UPLOAD_BYTES,
    ) -> None:
        self._bucket = bucket
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._url = url or f"https://{bucket}.s3.{region}.amazonaws.com/"
        self._lifetime_s = lifetime_s
        self._max_bytes = max_bytes

    def make(self, job_id: str, attempt: int) -> UploadPermit:
        """A permit for this attempt's prefix and nothing else. May be repeated."""
        prefix = attempt_prefix(job_id, attempt)
        fields = sign_upload(
            bucket=self._bucket,
            prefix=prefix,
            max_bytes=self._max_bytes,
            now=self._clock(),
            lifetime_s=self._lifetime_s,
            credentials=self._credentials(),
            region=self._region,
        )
        return UploadPermit(
            url=self._url,
            fields=fields,
            prefix=prefix,
            max_bytes=self._max_bytes,
            expires_in_s=self._lifetime_s,
        )
