"""Builds in local mode: deliveries are believed by their signature, and changes reach the notifier.

What GitHub is told is in tests/github and tests/usecases.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.domain.build import BuildState
from chalicelib.domain.build_record import BuildRecord
from tests.domain import samples
from tests.fakes.github_server import FakeCommit, FakeRepository, Fault, GitHubServer, payloads
from towline.local.last_words import end_builds
from towline.local.local_github import LocalGitHub
from towline.local.service import LocalService

SECRET = "a webhook's secret"
SHA = "a" * 40
WAIT_S = 20


@pytest.fixture
def service() -> Iterator[LocalService]:
    github = LocalGitHub({"webhook-secret": SECRET}, public_url="https://ci.test")
    local = LocalService.start("process", github=github)
    yield local
    local.close()


def deliver(service: LocalService, body: bytes, secret: str) -> int:
    """A delivery, signed as GitHub does it; the answer's status."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": "01234567-0123-0123-0123-012345678901",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    url = f"{service.url}/webhooks/github"
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_a_delivery_is_taken_with_the_secret_that_was_given_and_no_other(
    service: LocalService,
) -> None:
    body = b'{"zen": "Keep it logically awesome.", "hook_id": 1}'
    assert deliver(service, body, SECRET) < 300
    assert deliver(service, body, "another") in (401, 403)


def test_a_change_of_a_build_reaches_the_notifier(service: LocalService) -> None:
    """Through the table's changes, the outbox and the notices queue; nobody else calls it."""
    told = threading.Event()

    def heard(operation: str, body: bytes) -> None:
        if operation == "PutItem" and b'"sent"' in body:
            told.set()

    service.aws.watch("dynamodb", heard)
    builds = service.dispatcher.collaborators.builds
    assert builds is not None
    build = BuildRecord(
        id=samples.JOB_ID,
        project="acme/web",
        repository_id=1,
        repository_name="acme/web",
        kind="push",
        ref="refs/heads/main",
        branch="main",
        sha="a" * 40,
        commit="a" * 40,
        state=BuildState.FAILED,
        detail="the file is wrong",
        created_at=samples.NOW,
        updated_at=samples.NOW,
        finished_at=samples.NOW,
    )
    builds.store.create(build, due_at=samples.NOW)
    assert told.wait(WAIT_S)
    assert service.aws.counts["sqs", "SendMessage"] >= 1


def test_links_lead_to_where_browsers_reach_the_service(service: LocalService) -> None:
    settings = service.dispatcher.collaborators.settings
    assert settings.pages_url == "https://ci.test"
    assert settings.public_url != settings.pages_url


@dataclass
class Wired:
    """A service and a GitHub that know each other, and a build that runs."""

    service: LocalService
    github: GitHubServer
    repository: FakeRepository
    build: str

    def end(self, why: str) -> tuple[int, int]:
        return end_builds(self.service.dispatcher, self.service.aws, why)


@pytest.fixture
def wired() -> Iterator[Wired]:
    file = b"jobs:\n  long:\n    checkout: false\n    script: exec sleep 1000\n"
    with GitHubServer() as github:
        repository = github.world.repository("acme/web", private=False)
        repository.commits[SHA] = FakeCommit(SHA, {".towline.yml": file})
        keys = {"webhook-secret": SECRET, "token": github.world.personal_token()}
        service = LocalService.start("process", github=LocalGitHub(keys, url=github.url))
        try:
            service.dispatcher.put_project("acme/web", {})
            headers, body = payloads.delivery("push", payloads.push(repository, SHA), SECRET)
            taken = service.dispatcher.take_webhook(headers, body)
            running = github.wait_until(
                lambda _: "Running" in [s["description"] for s in repository.statuses[-2:]], WAIT_S
            )
            assert running, repository.statuses
            yield Wired(service, github, repository, taken.build_id)
        finally:
            service.close()


def test_what_still_runs_at_the_end_is_cancelled_and_github_knows_it(wired: Wired) -> None:
    assert wired.end("the service was stopped") == (1, 0)
    last = {each["context"]: each for each in wired.repository.statuses}
    assert {each["state"] for each in last.values()} == {"error"}
    assert last["towline"]["description"].startswith("Cancelled")
    assert "the service was stopped" in last["towline"]["description"]
    assert wired.end("again") == (0, 0)


def test_a_github_that_is_away_holds_up_no_end(wired: Wired) -> None:
    wired.github.faults.append(Fault(503, {"Retry-After": "600"}, path="/statuses/", times=99))
    assert wired.end("the service was stopped") == (1, 1)
    assert wired.service.dispatcher.build(wired.build).state is BuildState.CANCELLED
