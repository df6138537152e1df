"""What happens by itself, or to a repository, once: schedules, a branch that goes, an archive."""

from __future__ import annotations

from tests.fakes.github_server import FakeCommit, FakeRepository
from tests.fakes.github_server.payloads import NOWHERE, common, delivery, push
from tests.infra.deployed_world import DeployedWorld

SHA = "5" * 40
FILE = b"jobs:\n  a: {script: x}\nschedule:\n  daily: {cron: '@daily'}\n"
PROJECT = "/projects?project=octo/web"


def events(world: DeployedWorld, repository: FakeRepository, secret: str) -> None:
    """Its default branch has a schedule, which is due and later forgotten with the project."""
    commit = FakeCommit(SHA, {".towline.yml": FILE})
    repository.commits |= {SHA: commit, "heads/main": commit}

    def sent(event: str, payload: dict[str, object]) -> None:
        world.wait(1)
        headers, body = delivery(event, payload, secret)
        world.call("POST", "/webhooks/github", raw=body, headers=headers)
        world.delivered()

    sent("push", push(repository, SHA))
    world.wait(86400)
    world.reap()
    world.delivered()
    entry = world.call("GET", PROJECT).body["project"]["schedules"][0]
    assert entry["said"].startswith("build "), entry
    sent("push", push(repository, NOWHERE))
    sent("repository", {**common(repository), "action": "archived"})
    world.wait(86400)
    world.reap()
    assert "disabled" in world.call("GET", PROJECT).body["project"]["schedules"][0]["said"]
    world.call("PUT", PROJECT, {"enabled": True})
