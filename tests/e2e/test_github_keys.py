"""The operator's side, all by commands: a private repository without the App, and a new secret."""

from __future__ import annotations

import base64
import json

import pytest

from tests.e2e.github_hub import WEBHOOK_SECRET, Hosted, Hub, one_job, untimed
from tests.fakes.github_server import FakePullRequest
from tests.fakes.github_server.payloads import pull_request

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("github")]

READS = {"contents": "read", "metadata": "read"}
TELLS = {**READS, "pull_requests": "read", "statuses": "write"}


def told(hub: Hub, hosted: Hosted, sha: str, name: str) -> tuple[str, str]:
    """State and words of a status, once it is over."""
    hub.wait(lambda: hosted.statuses(sha).get(name, {}).get("state") not in (None, "pending"))
    found = hosted.statuses(sha)[name]
    return found["state"], untimed(found["description"])


def log_of(hub: Hub, build: str) -> str:
    [job] = hub.build(build)["jobs"]
    return hub.towline("log", job["job_id"]).out.decode()


def test_a_private_repository_is_checked_out_with_a_token_of_its_own(hub: Hub) -> None:
    web = hub.repository("acme/closed")
    service, reads = (hub.github.world.personal_token(each) for each in (TELLS, READS))
    hub.towline("github", "set", "token", stdin=f"{service}\n".encode())
    try:
        command = "cat words.txt; env; cat .git/config; tr '\\\\0' '\\\\n' < /proc/self/environ"
        files = {".towline.yml": one_job(hub, f'"{command}"'), "words.txt": "of git\n"}
        first = web.commit(files)
        hub.push(web, first)
        state, words = told(hub, web, first, "towline/only")
        assert (state, "refuses access" in words) == ("error", True)
        shown = hub.towline("github", "show", "--project", "acme/closed", status=1).out.decode()
        assert "nothing checks it out" in shown

        hub.towline("project", "set", "acme/closed", "--checkout-token", "-", stdin=reads.encode())
        shown = hub.towline("github", "show", "--project", "acme/closed").out.decode()
        assert "the project's checkout token reads it" in shown
        second = web.commit({"words.txt": "of git, again\n"})
        build = hub.push(web, second, before=first)
        assert told(hub, web, second, "towline") == ("success", "Passed")
        log = log_of(hub, build)
        assert "of git, again" in log
        for secret in (
            service,
            reads,
            base64.b64encode(f"x-access-token:{reads}".encode()).decode(),
        ):
            assert secret not in log
        used = {
            base64.b64decode(header.partition(" ")[2]).decode()
            for target, header in hub.github.fetched
            if header and target.startswith("/acme/closed.git")
        }
        assert used == {f"x-access-token:{reads}"}

        fork = FakePullRequest(5, second, "topic", first, "main", "stranger/closed")
        fork.mergeable = False
        web.fake.pull_requests[5] = fork
        assert hub.deliver("pull_request", pull_request(web.fake, fork))["status"] == 202
        state, words = told(hub, web, second, "towline-pr/only")
        assert (state, "not given its checkout token" in words) == ("error", True)
    finally:
        hub.towline("github", "remove", "token")


def test_the_webhooks_secret_is_changed_while_deliveries_come(hub: Hub) -> None:
    ping = {"zen": "Keep it logically awesome.", "hook_id": 1}
    new = json.loads(hub.towline("github", "rotate-secret", "--json").out)["secret"]
    try:
        for secret in (WEBHOOK_SECRET, new):
            assert hub.deliver("ping", ping, secret)["status"] == 200
        hub.towline("github", "rotate-secret", "--finish")
        assert hub.deliver("ping", ping, new)["status"] == 200
        assert hub.deliver("ping", ping)["status"] == 401
    finally:
        hub.towline("github", "set", "webhook-secret", stdin=WEBHOOK_SECRET.encode())
    assert hub.deliver("ping", ping)["status"] == 200
