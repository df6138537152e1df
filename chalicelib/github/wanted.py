"""What the App must be allowed to do, and what an installation of it lacks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PERMISSIONS = {
    "checks": "write",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
    "statuses": "write",
}
"""As GitHub calls them: https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app"""
EVENTS = ("push", "pull_request", "check_run", "check_suite", "repository")

_LEVELS = ("", "read", "write", "admin")
_TITLES = {"statuses": "Commit statuses"}


def lacking(held: Mapping[str, str]) -> list[str]:
    """The permissions that are missing, as GitHub's pages spell them: ``Checks: write``."""
    return [
        f"{_TITLES.get(name, name.replace('_', ' ').capitalize())}: {level}"
        for name, level in PERMISSIONS.items()
        if _rank(held.get(name, "")) < _rank(level)
    ]


def unheard(events: Collection[str]) -> list[str]:
    """The events that the App is not subscribed to, as GitHub's pages spell them."""
    return [name.replace("_", " ").capitalize() for name in EVENTS if name not in events]


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else 0
