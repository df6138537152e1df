"""What is not as simple as a push: strangers, commits that are thrown away, wrong files, outages.

The same service as in ``test_github.py``.
"""

from __future__ import annotations

import pytest

from tests.e2e.github_hub import INSTALLATION, Hosted, Hub, one_job, untimed
from tests.fakes.git_repository import git
from tests.fakes.github_server import FakePullRequest, payloads
from tests.pages.reader import Reader

pytestmark = [
    pytest.mark.docker,
    pytest.mark.xdist_group("github"),
    pytest.mark.usefixtures("outage"),
]


def test_a_strangers_change_waits_for_approval_and_is_given_no_secret(hub: Hub) -> None:
    """Its merge with the base is what runs; what fetches it may read this repository alone."""
    base = hub.repository("acme/open", installation=INSTALLATION)
    hub.towline("secret", "set", "KEY", "--project", "acme/open", stdin=b"not for strangers")
    script = "cat theirs ours; echo key=$KEY."
    started = base.commit({".towline.yml": one_job(hub, f"'{script}'", "    secrets: [KEY]\n")})
    repository = base.git
    repository.git("checkout", "--quiet", "-b", "theirs")
    head = repository.commit({"theirs": "of the fork\n"})
    repository.git("checkout", "--quiet", "main")
    main = base.commit({"ours": "of the base\n"})
    repository.git("merge", "--quiet", "theirs", "--message", "merge")
    merge = repository.git("rev-parse", "HEAD")
    repository.push(f"{head}:refs/pull/1/head", f"{merge}:refs/pull/1/merge")
    assert started != main
    pull = FakePullRequest(
        number=1,
        head_sha=head,
        head_ref="theirs",
        base_sha=main,
        base_ref="main",
        head_repository="stranger/open",
        author="stranger",
        author_association="FIRST_TIME_CONTRIBUTOR",
        mergeable=True,
        merge_sha=merge,
    )
    base.fake.pull_requests[1] = pull
    answer = hub.deliver("pull_request", payloads.pull_request(base.fake, pull))
    held = hub.completed(base, head, answer["build"])
    assert {run["conclusion"] for run in held.values()} == {"action_required"}
    assert not hub.github.shown("acme/open")

    button = held["towline-pr"]["actions"][0]["identifier"]
    hub.deliver(
        "check_run",
        payloads.check_run(base.fake, held["towline-pr"], "requested_action", button),
    )
    hub.wait(lambda: base.checks(head)["towline-pr"]["conclusion"] == "success")
    log = base.checks(head)["towline-pr/only"]["output"]["text"].splitlines()
    assert log[-4:-1] == ["of the fork", "of the base", "key=."]
    assert hub.build(answer["build"])["commit"] == merge
    [shown] = hub.github.shown("acme/open")
    token = hub.github.world.tokens[shown]
    assert token.permissions == {"contents": "read", "metadata": "read"}
    assert token.repository_ids == frozenset({base.fake.id})


def test_the_commit_of_the_event_is_built_whatever_the_branch_has_by_then(hub: Hub) -> None:
    """A push that a forced one has overtaken, as long as GitHub still has the commit."""
    moved = hub.repository("acme/moved", installation=INSTALLATION)
    old = moved.commit({".towline.yml": one_job(hub, "cat a"), "a": "of the event\n"})
    forget = moved.git.git("commit-tree", f"{old}^{{tree}}", "-m", "another beginning")
    moved.git.push(f"{forget}:refs/heads/main")
    checks = hub.completed(moved, old, hub.push(moved, old))
    assert checks["towline"]["conclusion"] == "success"
    assert "of the event" in checks["towline/only"]["output"]["text"]

    # GitHub throws such commits away one day; the file was read before that.
    git(moved.git.bare, "reflog", "expire", "--expire=now", "--all")
    git(moved.git.bare, "gc", "--quiet", "--prune=now")
    again = hub.deliver("check_run", payloads.check_run(moved.fake, checks["towline"]))
    checks = hub.completed(moved, old, again["build"])
    assert checks["towline"]["conclusion"] == "failure"
    run = checks["towline/only"]
    title = untimed(run["output"]["title"])
    assert title.startswith("Errored, not by the script: ")
    assert "can't be had" in title
    [job] = hub.build(again["build"])["jobs"]
    assert job["verdict"] == "errored"
    assert Reader(hub.get(run["details_url"])).within("title")[0].startswith("errored")


WRONG = "jobs:\n  only:\n    image: a\n    script: make\n    scrpt: make\n"


def test_a_wrong_file_is_told_at_its_line(hub: Hub) -> None:
    """At the App's check run as an annotation, and in a commit status's words."""
    wrong = hub.repository("acme/wrong", installation=INSTALLATION)
    sha = wrong.commit({".towline.yml": WRONG})
    run = hub.completed(wrong, sha, hub.push(wrong, sha))["towline"]
    assert run["conclusion"] == "failure"
    assert run["output"]["title"].startswith("The repository's file is wrong")
    first = run["output"]["annotations"][0]
    assert (first["path"], first["start_line"]) == (".towline.yml", 5)
    assert "scrpt" in first["message"]
    page = Reader(hub.get(run["details_url"])).text
    assert "scrpt" in page
    assert ".towline.yml:5" in page

    token = hub.github.world.personal_token()
    plain = hub.repository("acme/plain", "--token-secret", "TOKEN", private=False)
    hub.towline("secret", "set", "TOKEN", "--project", "acme/plain", stdin=token.encode())
    sha = plain.commit({".towline.yml": WRONG})
    hub.push(plain, sha)
    hub.wait(lambda: plain.statuses(sha))
    status = plain.statuses(sha)["towline"]
    assert status["state"] == "failure"
    assert ".towline.yml:5" in status["description"]


def test_who_is_not_known_starts_nothing_and_is_told_why(hub: Hub) -> None:
    away = hub.hosted["acme/away"]
    payload = payloads.push(away.fake, away.last)
    refused = hub.deliver("push", payload, "another secret")
    assert (refused["status"], refused["error"]["code"]) == (401, "not_signed")
    payload["repository"] |= {"id": 1, "full_name": "acme/unknown"}
    told = {"status": 204, "reason": "acme/unknown is not registered here"}
    assert hub.deliver("push", payload) == told


def test_what_github_could_not_be_told_is_told_when_it_is_back(
    hub: Hub, outage: tuple[Hosted, str, str]
) -> None:
    away, sha, build = outage
    checks = hub.completed(away, sha, build)
    assert {name: run["conclusion"] for name, run in checks.items()} == {
        "towline": "success",
        "towline/only": "success",
    }
    assert len(away.fake.check_runs) == 2
    refused = hub.github.asked(path="/acme/away/(contents|check-runs)")
    assert [each.status for each in refused].count(503) == 2


def test_what_runs_when_the_service_is_stopped_is_told_as_cancelled(hub: Hub) -> None:
    """Seen at the end of all tests here: ``github_hub.hub``."""
    late = hub.repository("acme/late", installation=INSTALLATION)
    sha = late.commit({".towline.yml": one_job(hub, "exec sleep 100000")})
    hub.push(late, sha)
    hub.wait(lambda: late.checks(sha).get("towline/only", {}).get("status") == "in_progress")
    hub.left.append((late, sha))
