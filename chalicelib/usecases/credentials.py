"""What a runner shows: the claim token and the lease. Both are checked without any read.

A claim token is HMAC(server key, job, attempt), so that a repeated RunTask is byte for byte the
same. A lease is HMAC(server key, job, attempt, nonce): only the runner that claimed has it.
"""

from __future__ import annotations

import hashlib
import hmac
import re

_TOKEN = re.compile(r"([1-9][0-9]{0,5})\.([0-9a-f]{64})\Z")
_LEASE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})\Z")


def claim_token(key: bytes, job_id: str, attempt: int) -> str:
    """``<attempt>.<hex>``, what the container is given to claim its attempt with."""
    return f"{attempt}.{_mac(key, 'claim', job_id, str(attempt))}"


def check_claim_token(key: bytes, job_id: str, token: str) -> int | None:
    """The attempt that the token is for, or None when it is not a token of this job."""
    match = _TOKEN.match(token)
    if match is None:
        return None
    attempt = int(match[1])
    good = hmac.compare_digest(match[2], _mac(key, "claim", job_id, str(attempt)))
    return attempt if good else None


def lease(key: bytes, job_id: str, attempt: int, nonce: str) -> str:
    """``<nonce>.<hex>``, what the claiming runner shows from then on."""
    return f"{nonce}.{_mac(key, 'lease', job_id, str(attempt), nonce)}"


def check_lease(key: bytes, job_id: str, attempt: int, text: str) -> str | None:
    """The nonce that the lease was given to, or None when it is not a lease of this attempt."""
    match = _LEASE.match(text)
    if match is None:
        return None
    nonce = match[1]
    good = hmac.compare_digest(match[2], _mac(key, "lease", job_id, str(attempt), nonce))
    return nonce if good else None


def _mac(key: bytes, *words: str) -> str:
    # The first word keeps the kinds apart; NUL is in no id, number or nonce, so that no two lists
    # of words make the same message.
    return hmac.new(key, "\0".join(words).encode(), hashlib.sha256).hexdigest()
