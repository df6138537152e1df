"""From a delivery to what it means; the one door for all events."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field, ValidationError

from chalicelib.github.check_events import read_check_run, read_check_suite
from chalicelib.github.deliveries import Delivery
from chalicelib.github.events import Event, Ignored, Ping
from chalicelib.github.installation_events import read_installation, read_installation_repositories
from chalicelib.github.payload_fields import Id, Wire, WireRepository
from chalicelib.github.pull_request_event import read_pull_request
from chalicelib.github.push_event import read_push
from chalicelib.github.refusal import Reason, Refusal
from chalicelib.github.repository_event import read_repository

_MOST_PROBLEMS = 3


class _WirePing(Wire):
    hook_id: Id | None = Field(default=None)
    repository: WireRepository | None = None


def read_ping(payload: bytes) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#ping"""
    ping = _WirePing.model_validate_json(payload)
    name = ping.repository.full_name if ping.repository else None
    return Ping(hook_id=ping.hook_id, repository=name)


_READERS: dict[str, Callable[[bytes], Event]] = {
    "check_run": read_check_run,
    "check_suite": read_check_suite,
    "installation": read_installation,
    "installation_repositories": read_installation_repositories,
    "ping": read_ping,
    "pull_request": read_pull_request,
    "push": read_push,
    "repository": read_repository,
}
EVENTS = tuple(sorted(_READERS))
"""What a webhook or App should be subscribed to; all else is ignored."""


def read_event(delivery: Delivery) -> Event | Refusal:
    """What the delivery means. Pure; any payload whatever gives an event or a refusal."""
    reader = _READERS.get(delivery.event)
    if reader is None:
        return Ignored(event=delivery.event, reason="no build follows from this event")
    try:
        return reader(delivery.payload)
    except ValidationError as wrong:
        return _refusal(delivery.event, wrong)


def _refusal(event: str, wrong: ValidationError) -> Refusal:
    """Which fields are wrong, without what they hold: that may be anything."""
    errors = wrong.errors(include_url=False, include_context=False, include_input=False)
    if any(error["type"] == "json_invalid" for error in errors):
        return Refusal(Reason.NOT_JSON, f"the payload of the {event} event is not JSON")
    told = "; ".join(
        f"{'.'.join(str(part) for part in error['loc']) or 'the payload'}: {error['msg']}"
        for error in errors[:_MOST_PROBLEMS]
    )
    more = f" (and {len(errors) - _MOST_PROBLEMS} more)" if len(errors) > _MOST_PROBLEMS else ""
    return Refusal(Reason.UNEXPECTED, f"the payload of the {event} event has {told}{more}")
