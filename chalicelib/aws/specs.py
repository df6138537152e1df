"""Specs too large for a table item, in S3."""

from __future__ import annotations

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls

MAX_SPEC_BYTES = 32 << 20


class S3SpecStore:
    """``ports.SpecStore``: one object per job, ``specs/<job id>.json``."""

    def __init__(self, clients: AwsClients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def put(self, job_id: str, spec_json: str) -> str:
        """Store it, replacing what the same job stored before, and give its key."""
        key = f"specs/{job_id}.json"
        with service_calls(f"store the spec of job {job_id}"):
            self._clients.s3().put_object(
                Bucket=self._bucket,
                Key=key,
                Body=spec_json.encode("utf-8", "surrogatepass"),
                ContentType="application/json",
            )
        return key

    def get(self, key: str) -> str:
        """The spec under a key that ``put`` gave."""
        with service_calls(f"read the spec {key}"):
            answer = self._clients.s3().get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read(MAX_SPEC_BYTES).decode("utf-8", "surrogatepass")
