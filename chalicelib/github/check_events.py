"""Buttons at check runs and suites: https://docs.github.com/en/webhooks/webhook-events-and-payloads

``rerequested`` is GitHub's own "Re-run"; ``requested_action`` is a button of ours (``check_runs``).
Whether its sender may ask for that is another question (``usecases.check_request``).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

from chalicelib.github.events import CheckRequest, Event, Ignored
from chalicelib.github.payload_fields import Id, Number, RefName, Sha, Wire, WireEvent, Word
from chalicelib.github.push_event import repository_of

RERUN = "rerun"
"""What GitHub's own button asks for."""
MOST_PULL_REQUESTS = 20

_OURS = re.compile(r"[A-Za-z0-9_.:-]{1,20}\Z")

_OurId = Annotated[str, StringConstraints(max_length=256)]


class _WireAction(Wire):
    action: Word


class _WirePullRequest(Wire):
    number: Number


class _WireApp(Wire):
    id: Id


class _WireSuite(Wire):
    id: Id
    head_sha: Sha
    head_branch: RefName | None = None
    pull_requests: tuple[_WirePullRequest, ...] | None = None
    app: _WireApp | None = None


class _WireSuiteOfRun(Wire):
    id: Id
    head_branch: RefName | None = None


class _WireRun(Wire):
    id: Id
    head_sha: Sha
    name: Annotated[str, StringConstraints(max_length=1024)]
    external_id: _OurId | None = None
    check_suite: _WireSuiteOfRun | None = None
    pull_requests: tuple[_WirePullRequest, ...] | None = None
    app: _WireApp | None = None


class _WireButton(Wire):
    identifier: str


class _WireRunEvent(WireEvent):
    check_run: _WireRun
    requested_action: _WireButton | None = None


class _WireSuiteEvent(WireEvent):
    check_suite: _WireSuite


def read_check_run(payload: bytes) -> Event:
    """One run is to run again, or a button of ours was pressed. Raises ``ValidationError``."""
    action = _WireAction.model_validate_json(payload).action
    if action not in ("rerequested", "requested_action"):
        return _not_asked("check_run", action)
    event = _WireRunEvent.model_validate_json(payload)
    run, button = event.check_run, event.requested_action
    if action == "requested_action" and (button is None or not _OURS.match(button.identifier)):
        return Ignored(event="check_run", action=action, reason="it was no button of ours")
    suite = run.check_suite
    return CheckRequest(
        repository=repository_of(event.repository),
        installation_id=event.installation.id if event.installation else None,
        sender=event.sender.login if event.sender else "",
        asked=button.identifier if button and action == "requested_action" else RERUN,
        sha=run.head_sha,
        suite_id=suite.id if suite else None,
        run_id=run.id,
        run_name=run.name,
        external_id=run.external_id or "",
        branch=suite.head_branch if suite else None,
        pull_requests=_numbers(run.pull_requests),
        app_id=run.app.id if run.app else None,
    )


def read_check_suite(payload: bytes) -> Event:
    """All checks of a commit are to run again. Raises ``ValidationError``."""
    action = _WireAction.model_validate_json(payload).action
    if action != "rerequested":
        return _not_asked("check_suite", action)
    event = _WireSuiteEvent.model_validate_json(payload)
    suite = event.check_suite
    return CheckRequest(
        repository=repository_of(event.repository),
        installation_id=event.installation.id if event.installation else None,
        sender=event.sender.login if event.sender else "",
        asked=RERUN,
        sha=suite.head_sha,
        suite_id=suite.id,
        branch=suite.head_branch,
        pull_requests=_numbers(suite.pull_requests),
        app_id=suite.app.id if suite.app else None,
    )


def _numbers(found: tuple[_WirePullRequest, ...] | None) -> tuple[int, ...]:
    return tuple(each.number for each in (found or ())[:MOST_PULL_REQUESTS])


def _not_asked(event: str, action: str) -> Ignored:
    return Ignored(event=event, action=action, reason="nobody asked for a run")
