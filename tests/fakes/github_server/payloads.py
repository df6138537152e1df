"""Deliveries as GitHub would send them: payloads with what matters, signed and sent over HTTP."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.github.signature import sign
from tests.fakes.github_server.world import FakePullRequest, FakeRepository

NOWHERE = "0" * 40


def repository(found: FakeRepository) -> dict[str, Any]:
    owner, _, name = found.name.partition("/")
    return {
        "id": found.id,
        "name": name,
        "full_name": found.name,
        "private": found.private,
        "default_branch": found.default_branch,
        "owner": {"login": owner},
    }


def common(found: FakeRepository) -> dict[str, Any]:
    """What every event of a repository has."""
    made: dict[str, Any] = {"repository": repository(found), "sender": {"login": "octocat"}}
    if found.installation is not None:
        made["installation"] = {"id": found.installation}
    return made


def push(
    found: FakeRepository,
    sha: str,
    *,
    ref: str = "refs/heads/main",
    before: str = NOWHERE,
    forced: bool = False,
) -> dict[str, Any]:
    """``sha`` all zeros deletes the ref."""
    deleted = sha == NOWHERE
    known = None if deleted else found.commit(sha)
    message = known.message if known else "A commit"
    parent = found.commit(before) if before != NOWHERE else None
    old, new = (parent.files if parent else {}), (known.files if known else {})
    commit = {
        "id": sha,
        "message": message,
        "author": {"name": "Octo Cat", "username": "octocat"},
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "modified": sorted(path for path in old.keys() & new.keys() if old[path] != new[path]),
    }
    return {
        **common(found),
        "ref": ref,
        "before": before,
        "after": sha,
        "created": before == NOWHERE,
        "deleted": deleted,
        "forced": forced,
        "commits": [] if deleted else [commit],
        "head_commit": None if deleted else commit,
    }


def pull_request(
    found: FakeRepository, pull: FakePullRequest, action: str = "opened"
) -> dict[str, Any]:
    head = None
    if pull.head_repository is not None:
        same = pull.head_repository == found.name
        other = {"id": found.id + 500_000, "full_name": pull.head_repository, "private": False}
        head = repository(found) if same else other
    return {
        **common(found),
        "action": action,
        "number": pull.number,
        "pull_request": {
            "number": pull.number,
            "title": pull.title,
            "user": {"login": pull.author},
            "author_association": pull.author_association,
            "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": head},
            "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": repository(found)},
        },
    }


def check_run(
    found: FakeRepository, run: Mapping[str, Any], action: str = "rerequested", button: str = ""
) -> dict[str, Any]:
    """``run``: as the fake's world holds it. ``button`` with ``requested_action``."""
    payload = {
        **common(found),
        "action": action,
        "check_run": {
            "id": run["id"],
            "name": run["name"],
            "head_sha": run["head_sha"],
            "external_id": run.get("external_id", ""),
            "check_suite": {"id": 5, "head_branch": "main"},
            "pull_requests": [],
            "app": {"id": 1},
        },
    }
    return {**payload, "requested_action": {"identifier": button}} if button else payload


def delivery(
    event: str, payload: Mapping[str, Any], secret: str, *, form: bool = False, guid: str = ""
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a signed delivery."""
    # As GitHub does it: letters that are not ASCII are what they are, and not escaped.
    body = json.dumps(payload, ensure_ascii=False).encode()
    kind = "application/json"
    if form:
        body = urlencode({"payload": body.decode()}).encode()
        kind = "application/x-www-form-urlencoded"
    headers = {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid or str(uuid.uuid4()),
        "X-GitHub-Hook-ID": "1",
        "Content-Type": kind,
        "X-Hub-Signature-256": sign(body, secret),
    }
    return headers, body


def deliver(url: str, event: str, payload: Mapping[str, Any], secret: str, **details: Any) -> int:
    """Send it as GitHub does; the status that came back."""
    headers, body = delivery(event, payload, secret, **details)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
