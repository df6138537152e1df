"""The one address that jobs reach: the runner's three routes and the log uploads, nothing else.

S3 checks an upload's policy in a deployment, moto checks nothing. So the relay checks it, the
signature, the time, the prefix and the size, and then writes with the service's own client.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from towline.local.http_server import Answer, BodyTooLarge, Incoming, error_answer
from towline.local.multipart import MAX_FIELDS, MalformedForm, parse_upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from towline.local.gateway import Gateway

ROUTES = frozenset({"/runner/claim", "/runner/heartbeat", "/runner/report"})
UPLOAD = "/upload"
MAX_JSON = 1 << 20
FRAME = MAX_FIELDS + 8192
"""What a form has beside its file, at most."""

log = logging.getLogger(__name__)


class Relay:
    """Answers what runners ask. ``arrived`` is called when a chunk has been stored.

    ``secret_key`` signs the permits; the key pair is good for nothing but them.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        s3: Callable[[], S3Client],
        bucket: str,
        secret_key: str,
        max_upload: int,
        clock: Callable[[], datetime],
        arrived: Callable[[], None],
    ) -> None:
        self._gateway = gateway
        self._s3 = s3
        self._bucket = bucket
        self._secret_key = secret_key
        self._max_upload = max_upload
        self._clock = clock
        self._arrived = arrived

    def __call__(self, request: Incoming) -> Answer:
        path = urlsplit(request.target).path
        if path == UPLOAD and request.method == "POST":
            return self._upload(request)
        if path in ROUTES and request.method == "POST":
            body = bytes(request.body(MAX_JSON))
            return self._gateway.handle(
                "POST", path, dict(request.headers.items()), body, request.client_ip
            )
        return error_answer(404, "not_found", "Only runners are answered here.")

    def _upload(self, request: Incoming) -> Answer:
        from chalicelib.aws.log_names import ARCHIVE
        from chalicelib.aws.post_policy import FILENAME, UploadRefused, check_upload

        try:
            body = request.body(self._max_upload + FRAME)
            form = parse_upload(request.headers.get("Content-Type", ""), body)
            key = form.fields.get("key", "").replace(FILENAME, form.filename)
            check_upload(
                form.fields,
                key,
                len(form.file),
                now=self._clock(),
                secret_key=self._secret_key,
                bucket=self._bucket,
            )
        except UploadRefused as refused:
            log.warning("an upload from %s was refused: %s", request.client_ip, refused)
            return _s3_error(403, "AccessDenied", str(refused))
        except MalformedForm as malformed:
            return _s3_error(400, "MalformedPOSTRequest", str(malformed))
        except BodyTooLarge as large:
            return _s3_error(400, "EntityTooLarge", str(large))
        self._s3().put_object(Bucket=self._bucket, Key=key, Body=bytes(form.file))
        if not key.endswith(ARCHIVE):  # it repeats what the chunks have brought already
            self._arrived()
        return Answer(204)


def _s3_error(status: int, code: str, message: str) -> Answer:
    """An error as S3 gives it; the texts are ours and hold nothing that was sent."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return Answer(status, {"Content-Type": "application/xml"}, body)
