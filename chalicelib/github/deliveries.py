"""One delivery of a webhook: its headers and body, checked before anything in it is believed.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from chalicelib.github import signature
from chalicelib.github.refusal import Reason, Refusal

MAX_BODY_BYTES = 5 << 20
"""GitHub sends up to 25 MB, but Lambda is given no more than 6 MB, which a body escaped inside
JSON must fit: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_FIELD = b"payload="


@dataclass(frozen=True, slots=True)
class Delivery:
    """A signed delivery. ``payload`` is JSON text, not parsed yet.

    ``id`` is GitHub's, the same when it delivers again. The signature does not cover it, so
    somebody who recorded a delivery could send it again under another: ``digest``, the SHA-256 of
    the raw body, would be the same.
    """

    event: str
    id: str
    payload: bytes = field(repr=False)
    digest: str


def receive(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivery | Refusal:
    """Check size, signature, headers and content type, in this order. Pure, never raises.

    Header names in any case. Nothing of an unsigned body is looked at.
    """
    found = {name.lower(): value for name, value in headers.items()}
    if len(body) > MAX_BODY_BYTES:
        return Refusal(
            Reason.TOO_LARGE, f"the delivery has {len(body)} bytes; {MAX_BODY_BYTES} are taken"
        )
    if not signature.is_signed(body, found.get(signature.HEADER), secrets):
        return Refusal(
            Reason.NOT_SIGNED,
            "the delivery is not signed with this service's secret: X-Hub-Signature-256 is missing "
            "or wrong; set the same secret on both sides",
        )
    event, delivery = found.get("x-github-event", ""), found.get("x-github-delivery", "")
    if not _EVENT.match(event):
        return Refusal(Reason.WRONG_HEADERS, "X-GitHub-Event names no event")
    if not _ID.match(delivery):
        return Refusal(Reason.WRONG_HEADERS, "X-GitHub-Delivery must be the delivery's UUID")
    payload = _payload(found.get("content-type", ""), body)
    if isinstance(payload, Refusal):
        return payload
    return Delivery(event, delivery.lower(), payload, hashlib.sha256(body).hexdigest())


def signer(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]) -> str:
    """The name of the secret that a delivery is signed with; '' when it is none of them. Pure."""
    found = {name.lower(): value for name, value in headers.items()}
    shown = found.get(signature.HEADER)
    return next((n for n, each in secrets.items() if signature.is_signed(body, shown, [each])), "")


def _payload(content_type: str, body: bytes) -> bytes | Refusal:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        return body
    if kind != FORM:
        return Refusal(
            Reason.WRONG_CONTENT_TYPE,
            f"a delivery must have the content type {JSON} or {FORM}",
        )
    # The type is not signed. Looked for anywhere, the field could be what somebody wrote into a
    # commit's message; at the very beginning it can't be JSON of GitHub's.
    if not body.startswith(_FIELD) or b"&" in body:
        return Refusal(Reason.NOT_JSON, "a form must hold the delivery in one field, payload")
    return unquote_to_bytes(body.removeprefix(_FIELD).replace(b"+", b" "))
