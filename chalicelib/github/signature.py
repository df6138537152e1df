"""Whether a delivery was signed with the webhook's secret.

GitHub sends ``X-Hub-Signature-256: sha256=<HMAC of the raw body in hex>``:
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. The older header
with SHA-1 is not looked at, so that nobody can choose the weaker one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

HEADER = "x-hub-signature-256"
PREFIX = "sha256="
_LONGEST_HEADER = 200
"""Far more than a true one; what is longer is not worth comparing."""


def sign(body: bytes, secret: str) -> str:
    """The header's value for this body: what GitHub sends, and what a replay sends again."""
    return PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    """Whether ``header`` is the body's signature by one of the secrets.

    Two secrets are valid at once while they are rotated. Every one of them is tried, whichever
    fits, and compared in constant time: how long it takes tells nothing. An empty secret signs
    nothing, so a webhook without a secret is always refused. Pure.
    """
    shown = (header or "").strip().encode("utf-8", "replace")[:_LONGEST_HEADER]
    fits = False
    for secret in secrets:
        if secret:
            fits |= hmac.compare_digest(sign(body, secret).encode(), shown)
    return fits
