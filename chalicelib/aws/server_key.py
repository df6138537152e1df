"""The service's own key, which makes claim tokens and leases: one SecureString in SSM."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls

KEY_BYTES = 32


class SsmServerKey:
    """``ports.ServerKey``: read once per process, made by whoever comes first.

    ``random_bytes(n)`` gives n secret random bytes. Two that make it at once agree: the store
    takes only the first, and the loser reads the winner's.
    """

    def __init__(
        self, clients: AwsClients, prefix: str, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._clients = clients
        self._name = f"{prefix.rstrip('/')}/server-key"
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._key: bytes | None = None

    def key(self) -> bytes:
        """The key's 32 bytes. Raises ``ServiceTrouble``; may be repeated."""
        if self._key is None:
            with self._lock:
                if self._key is None:
                    self._key = self._read() or self._create()
        return self._key

    def _read(self) -> bytes | None:
        from botocore.exceptions import ClientError

        with service_calls("read the service's key", hide_message=True):
            try:
                answer = self._clients.ssm().get_parameter(Name=self._name, WithDecryption=True)
            except ClientError as error:
                if error_code(error) == "ParameterNotFound":
                    return None
                raise
        return base64.b64decode(answer["Parameter"]["Value"])

    def _create(self) -> bytes:
        from botocore.exceptions import ClientError

        key = self._random_bytes(KEY_BYTES)
        with service_calls("create the service's key", hide_message=True):
            try:
                self._clients.ssm().put_parameter(
                    Name=self._name,
                    Value=base64.b64encode(key).decode(),
                    Type="SecureString",
                    Overwrite=False,
                )
            except ClientError as error:
                if error_code(error) != "ParameterAlreadyExists":
                    raise
            else:
                return key
        # Somebody else was first. Reading it is certain to find it now.
        return self._read() or self._create()
