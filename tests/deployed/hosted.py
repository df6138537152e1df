"""A repository on the tests' GitHub, pushed to as its owner pushes, and what its commits show."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.deployed.driver import JOB_WITHIN_S, Deployment
from tests.fakes.git_repository import Repository
from tests.fakes.github_server import FakePullRequest, FakeRepository, GitHubServer
from tests.fakes.github_server.payloads import check_run, delivery, pull_request, push

SECRET = "a webhook's own secret"
KEY = "hunter2-and-more"
"""The value of the project's secret of this name."""
INSTALLATION = 7
BUILD = "towline"
ANSWERS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub's delivery was answered with."""

    status: int
    body: Any


@dataclass
class Hosted:
    """A private repository where the App is installed, whose commits have check runs; or, without
    ``installation``, a public one with a webhook and a token, whose commits have statuses."""

    deployment: Deployment
    github: GitHubServer
    root: Path
    name: str
    installation: int | None = INSTALLATION
    repository: FakeRepository = field(init=False)
    git: Repository = field(init=False)

    def __post_init__(self) -> None:
        self.git = Repository(self.root, self.name.replace("/", "-"))
        self.repository = self.github.world.repository(
            self.name,
            installation=self.installation,
            private=self.installation is not None,
            git=self.git.bare,
        )

    def push(self, files: dict[str, str], branch: str = "main") -> str:
        """A commit on this branch, and its delivery; the commit's name."""
        sha = self.git.commit(files, "Grüße, 世界 🎉")
        self.git.push(f"HEAD:refs/heads/{branch}")
        assert self.deliver("push", self.pushed(sha, branch)).status == 202
        return sha

    def pushed(self, sha: str, branch: str = "main") -> dict[str, Any]:
        """The event of a push."""
        return push(self.repository, sha, ref=f"refs/heads/{branch}")

    def propose(self, files: dict[str, str], number: int) -> str:
        """A pull request from a stranger's fork; the commit's name."""
        sha = self.git.commit(files)
        self.git.push(f"HEAD:refs/pull/{number}/head")
        pull = FakePullRequest(
            number, sha, "change", self.git.git("rev-parse", "HEAD~1"), "main", "stranger/web",
            author="stranger", author_association="FIRST_TIME_CONTRIBUTOR", mergeable=False,
        )  # fmt: skip
        self.repository.pull_requests[number] = pull
        answer = self.deliver("pull_request", pull_request(self.repository, pull))
        assert answer.status == 202
        return sha

    def press(self, run: dict[str, Any], button: str = "") -> None:
        """A button at a check: GitHub's own to run it again, or one of ours."""
        action = "requested_action" if button else "rerequested"
        event = check_run(self.repository, run, action, button)
        assert self.deliver("check_run", event).status == 202

    def deliver(
        self, event: str, payload: dict[str, Any], secret: str = SECRET, guid: str = ""
    ) -> Answer:
        """One delivery, as GitHub sends it."""
        headers, body = delivery(event, payload, secret, guid=guid)
        url = f"{self.deployment.emulator.public_url}/webhooks/github"
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN_S) as answer:
                return Answer(answer.status, json.load(answer))
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, json.load(refused))

    def told(self, sha: str) -> dict[str, dict[str, Any]]:
        """The newest check run of each name, as the commit's page shows them."""
        runs = sorted(self.repository.check_runs.values(), key=lambda run: int(run["id"]))
        return {run["name"]: run for run in runs if run["head_sha"] == sha}

    def conclusions(self, sha: str) -> dict[str, str | None]:
        return {name: run.get("conclusion") for name, run in self.told(sha).items()}

    def seen(
        self, sha: str, holds: Callable[[dict[str, dict[str, Any]]], bool]
    ) -> dict[str, dict[str, Any]]:
        """What check runs tell of the commit, once this holds."""
        found = self.github.wait_until(lambda _: holds(self.told(sha)), JOB_WITHIN_S)
        assert found, f"not within {JOB_WITHIN_S} s; GitHub was told {self.told(sha)}"
        return self.told(sha)

    def over(self, sha: str, prefix: str = BUILD) -> dict[str, dict[str, Any]]:
        """What is told of the commit, once its build is over."""

        def is_over(told: dict[str, dict[str, Any]]) -> bool:
            # A button that is waited for completes a check, too.
            ends = {run.get("conclusion") for run in told.values()}
            return prefix in told and not ends & {None, "action_required"}

        return self.seen(sha, is_over)
