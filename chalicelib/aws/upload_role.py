"""The role that upload permits are signed by: assumed by STS, kept in memory, renewed in time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.errors import service_calls
from chalicelib.ports import ServiceTrouble

SESSION_S = 3600
"""The most that a role may be assumed for by a role, as a Lambda's own is
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html, "role chaining")."""
RENEW_LEFT_S = 2400
"""With less left new credentials are asked for."""
SHORTEST_S = 1800
"""Credentials with less left are never given out, so that every permit lives so long at least.
In the ten minutes between the two a trouble of STS disturbs nobody."""
RETRY_S = 30
"""How long after a failed renewal the next one is tried, while the old credentials still do."""
SESSION_NAME = "towline-uploads"

log = logging.getLogger("towline.aws")


class UploadRole:
    """Gives the credentials of one role that may write logs and nothing else.

    One AssumeRole in some 20 minutes per process. Safe for several threads: one of them asks,
    the others wait for its answer.
    """

    def __init__(self, clients: AwsClients, role_arn: str, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._role_arn = role_arn
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: AwsCredentials | None = None
        self._retry_at: datetime | None = None

    def credentials(self) -> AwsCredentials:
        """Credentials that live for ``SHORTEST_S`` at least; ``expires_at`` says until when.

        Raises ``ServiceTrouble`` when there are none: whoever asks for a permit asks again.
        """
        with self._lock:
            kept, left_s = self._kept, self._left_s()
            if kept is not None and left_s >= RENEW_LEFT_S:
                return kept
            usable = kept if left_s >= SHORTEST_S else None
            if usable is not None and self._retry_at and self._clock() < self._retry_at:
                return usable
            try:
                self._kept, self._retry_at = self._assume(), None
            except ServiceTrouble as trouble:
                if usable is None:
                    raise
                log.warning("the upload role's credentials could not be renewed: %s", trouble)
                self._retry_at = self._clock() + timedelta(seconds=RETRY_S)
                return usable
            return self._kept

    def _left_s(self) -> float:
        if self._kept is None or self._kept.expires_at is None:
            return 0.0
        return (self._kept.expires_at - self._clock()).total_seconds()

    def _assume(self) -> AwsCredentials:
        with service_calls("assume the upload role"):
            answer = self._clients.sts().assume_role(
                RoleArn=self._role_arn, RoleSessionName=SESSION_NAME, DurationSeconds=SESSION_S
            )
        given = answer["Credentials"]
        return AwsCredentials(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            expires_at=given["Expiration"],
        )
