"""A repository's own changes as GitHub tells them, and our own work, stored and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.github.events import (
    Ignored,
    Registered,
    RepositoryChanged,
    ScheduleDue,
    stored_event,
)
from tests.fakes.github_server import payloads
from tests.github.reading import REPOSITORY, meaning

REPOSITORY_CHANGES: list[tuple[str, dict[str, Any] | None, bool]] = [
    ("renamed", {"repository": {"name": {"from": "Hello"}}}, True),
    ("transferred", {"owner": {"from": {"organization": {"login": "Octo-Org", "id": 3}}}}, True),
    ("transferred", {"owner": {"from": {"user": {"login": "octocat", "id": 3}}}}, True),
    ("archived", None, True),
    ("unarchived", None, True),
    ("deleted", None, True),
    ("edited", {"default_branch": {"from": "master"}}, True),
    ("edited", {"description": {"from": None}}, False),
    ("created", None, False),
    ("publicized", None, False),
]


@pytest.mark.parametrize(("action", "changes", "followed"), REPOSITORY_CHANGES, ids=str)
def test_a_repositorys_own_changes(
    action: str, changes: dict[str, Any] | None, followed: bool
) -> None:
    payload = {**payloads.common(REPOSITORY), "action": action}
    found = meaning("repository", payload if changes is None else {**payload, "changes": changes})
    if not followed:
        assert isinstance(found, Ignored)
        return
    assert isinstance(found, RepositoryChanged)
    assert (found.action, found.repository.id, found.sender) == (action, 42, "octocat")
    assert (found.repository.name, found.installation_id) == ("Octo-Org/Hello.World", 7)


def test_our_own_work_is_read_back_as_it_was_stored() -> None:
    due = datetime(2026, 1, 2, 3, 30, tzinfo=UTC)
    for work in (
        Registered(project="octo/web"),
        ScheduleDue(project="octo/web", schedule="nightly", branch="dev", due_at=due),
    ):
        assert stored_event(work.model_dump_json()) == work
