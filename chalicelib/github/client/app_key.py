"""The App's own proof of who it is: a short-lived JWT, signed with its private key.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr

from chalicelib.github.client.errors import BadCredentials

BACK = timedelta(seconds=60)
"""Dated back, as GitHub refuses what its clock finds to be of the future."""
LIFE = timedelta(minutes=9)
"""GitHub takes no more than ten minutes from its own now."""


@dataclass(frozen=True, slots=True)
class AppKey:
    """``app_id``: the App's id or client id. ``private_key``: the PEM file that GitHub made."""

    app_id: str
    private_key: SecretStr = field(repr=False)


def app_jwt(key: AppKey, now: datetime) -> SecretStr:
    """A token that is valid for nine minutes. Raises ``BadCredentials``. Pure but for its cost.

    PyJWT and ``cryptography`` are imported here: most calls of a Lambda sign nothing.
    """
    import jwt

    pem = key.private_key.get_secret_value().strip()
    if "\n" not in pem:
        # Secrets are often stored in one line, with \n spelt out.
        pem = pem.replace("\\n", "\n")
    claims = {
        "iat": int((now - BACK).timestamp()),
        "exp": int((now + LIFE).timestamp()),
        "iss": key.app_id,
    }
    try:
        return SecretStr(jwt.encode(claims, pem + "\n", algorithm="RS256"))
    except (jwt.PyJWTError, ValueError, TypeError):
        # Not "from": what cryptography says could quote the key.
        raise BadCredentials(
            "the App's private key can't be used: store the whole PEM file that GitHub made for "
            "the App (-----BEGIN RSA PRIVATE KEY-----), and nothing else"
        ) from None
