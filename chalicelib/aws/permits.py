"""Upload permits: one presigned POST policy per attempt, signed without any request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.aws.bucket_address import bucket_url
from chalicelib.aws.clients import AwsCredentials
from chalicelib.aws.log_names import attempt_prefix
from chalicelib.aws.post_policy import sign_upload
from chalicelib.ports import UploadPermit

PERMIT_LIFETIME_S = 3600
CREDENTIALS_SLACK_S = 60
"""A permit says that it ends so long before its credentials do: clocks differ."""
MAX_UPLOAD_BYTES = 256 << 20
"""The archive is the compressed chunks joined: some 200 MiB for a log of 1 GiB, the usual limit."""


class UploadPermits:
    """Signs permits with credentials that may do nothing but write logs.

    ``credentials`` is asked for each permit, so that rotating ones stay fresh. A permit ends with
    them, whatever its own time, so one whose credentials say when they end says no later time.
    ``shortest_s`` is what is left of such credentials at least; None: a permit's whole life.
    ``url`` is where the form is posted; None: the bucket itself.
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
        shortest_s: int | None = None,
        max_bytes: int = MAX_UPLOAD_BYTES,
    ) -> None:
        self._bucket = bucket
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._url = url or bucket_url(bucket, region)
        self._lifetime_s = lifetime_s
        self._max_bytes = max_bytes
        shortest = lifetime_s if shortest_s is None else shortest_s - CREDENTIALS_SLACK_S
        self._renew_after_s = max(0, min(lifetime_s, shortest) // 2)

    @property
    def renew_after_s(self) -> int:
        """Half of the shortest life that any permit has, so that no claim's permit is renewed
        late, whatever was left of the credentials that signed it."""
        return self._renew_after_s

    def make(self, job_id: str, attempt: int) -> UploadPermit:
        """A permit for this attempt's prefix and nothing else. May be repeated.

        Raises ``ServiceTrouble`` when there are no credentials at present.
        """
        prefix = attempt_prefix(job_id, attempt)
        credentials, now = self._credentials(), self._clock()
        lifetime_s = self._lifetime_s
        if credentials.expires_at is not None:
            left_s = int((credentials.expires_at - now).total_seconds()) - CREDENTIALS_SLACK_S
            lifetime_s = max(0, min(lifetime_s, left_s))
        fields = sign_upload(
            bucket=self._bucket,
            prefix=prefix,
            max_bytes=self._max_bytes,
            now=now,
            lifetime_s=lifetime_s,
            credentials=credentials,
            region=self._region,
        )
        return UploadPermit(
            url=self._url,
            fields=fields,
            prefix=prefix,
            max_bytes=self._max_bytes,
            expires_in_s=lifetime_s,
        )
