"""Deliveries read as the webhook reads them, of one repository with two commits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.github.deliveries import Delivery
from chalicelib.github.events import CommitEvent, Event, stored_event
from chalicelib.github.read_event import read_event
from chalicelib.github.refusal import Refusal
from tests.fakes.github_server import FakeCommit, FakeRepository

OLD, NEW = "b" * 40, "a" * 40
REPOSITORY = FakeRepository(
    42,
    "Octo-Org/Hello.World",
    installation=7,
    commits={
        OLD: FakeCommit(OLD, {"kept": b"", "gone": b"", "changed": b"1"}),
        NEW: FakeCommit(NEW, {"kept": b"", "made": b"", "changed": b"2"}, "A title\n\nMore."),
    },
)


def meaning(event: str, payload: Mapping[str, Any]) -> Event:
    result = read_event(Delivery(event, "id", json.dumps(payload).encode(), ""))
    assert not isinstance(result, Refusal), result
    # What is stored between the webhook and the build is read back the same.
    assert stored_event(result.model_dump_json()) == result
    return result


def commit(event: str, payload: Mapping[str, Any]) -> CommitEvent:
    found = meaning(event, payload)
    assert isinstance(found, CommitEvent), found
    return found
