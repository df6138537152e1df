"""What can go wrong between a client and a service. Each text is a sentence for the user."""

from __future__ import annotations


class ClientError(Exception):
    """Base of all of them."""


class BadAddress(ClientError):  # noqa: N818 - the user's mistake in words
    """The service's address is not one."""


class ServiceUnreachable(ClientError):  # noqa: N818
    """Nothing answered."""


class NotTowline(ClientError):  # noqa: N818
    """Something answered that does not speak Towline's protocol."""


class TokenRefused(ClientError):  # noqa: N818
    """401 or 403: the token is unknown, or lacks the scope."""


class Refused(ClientError):  # noqa: N818
    """The service said no. ``field`` names the part of the request that it is about."""

    def __init__(self, status: int, code: str, message: str, field: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field
