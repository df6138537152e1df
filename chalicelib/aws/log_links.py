"""Links to a log's objects: presigned GETs, each of one object and for some minutes."""

from __future__ import annotations

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls

LINK_LIFETIME_S = 300
"""A reader follows a link at once; what it leads to may take longer to arrive."""


class LogLinks:
    """Signs with the service's own credentials, without any request.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
    """

    def __init__(self, clients: AwsClients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def url(self, key: str) -> str:
        """The address of one object. It is to be saved, never shown by a browser as a page of its
        own: a job may have written anything. Raises ``ServiceTrouble`` without credentials.
        """
        _, job_id, attempt, name = key.split("/")
        with service_calls(f"sign a link to {key}"):
            return self._clients.s3().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentType": "application/gzip",
                    "ResponseContentDisposition": (
                        f'attachment; filename="{job_id}-{attempt}-{name}"'
                    ),
                },
                ExpiresIn=LINK_LIFETIME_S,
            )
