"""A recorded delivery, signed and sent to a service as GitHub would send it."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chalicelib.github.signature import sign
from towline.client.errors import BadAddress, ServiceUnreachable

PATH = "/webhooks/github"
REASON = "X-Towline-Reason"
TIMEOUT_S = 30.0
MOST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """One delivery. ``body``: its bytes as they are signed."""

    event: str
    body: bytes
    guid: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the service answered. ``said``: its words, or ''."""

    status: int
    said: str
    build: str | None = None


def read_recorded(content: bytes, event: str | None) -> Recorded:
    """A delivery as GitHub's API and ``gh api`` show it (``request.headers``, ``request.payload``),
    or the payload alone with ``event``. Raises ``ValueError``, in words.

    https://docs.github.com/en/rest/repos/webhooks#get-a-delivery-for-a-repository-webhook
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    request = data.get("request")
    if isinstance(request, dict) and isinstance(request.get("payload"), dict):
        found = event or data.get("event") or _header(request, "x-github-event")
        body = json.dumps(request["payload"], separators=(",", ":")).encode()
        return Recorded(_named(found), body, str(data.get("guid") or ""))
    return Recorded(_named(event), content)


def replay(url: str, recorded: Recorded, secret: str, *, guid: str = "") -> Replayed:
    """Send it. Raises ``BadAddress`` and ``ServiceUnreachable``."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress(f"{url!r} is not the address of a service")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
    headers = {
        "User-Agent": "towline-webhook-replay",
        "Content-Type": "application/json",
        "X-GitHub-Event": recorded.event,
        "X-GitHub-Delivery": guid or recorded.guid or str(uuid.uuid4()),
        "X-Hub-Signature-256": sign(recorded.body, secret),
    }
    try:
        connection.request("POST", parts.path.rstrip("/") + PATH, recorded.body, headers)
        answer = connection.getresponse()
        reason = answer.headers.get(REASON, "")
        return _understood(answer.status, answer.read(MOST_ANSWER), reason)
    except (OSError, http.client.HTTPException) as trouble:
        why = getattr(trouble, "strerror", None) or trouble
        raise ServiceUnreachable(f"can't reach the service at {url}: {why}") from None
    finally:
        connection.close()


def _understood(status: int, body: bytes, reason: str) -> Replayed:
    try:
        data: Any = json.loads(body) if body else {}
    except ValueError:
        data = {}
    if not isinstance(data, dict):
        data = {}
    error = data.get("error")
    said = error.get("message", "") if isinstance(error, dict) else data.get("done", reason)
    return Replayed(status, str(said), data.get("build"))


def _named(event: object) -> str:
    if not isinstance(event, str) or not event:
        raise ValueError("it does not say which event it is: name it with --event, such as push")
    return event


def _header(request: Mapping[str, Any], name: str) -> object:
    headers = request.get("headers")
    if not isinstance(headers, dict):
        return None
    return next((value for key, value in headers.items() if key.lower() == name), None)
