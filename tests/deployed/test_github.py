"""A signed push to the deployed service, and what the commit shows of it on GitHub.

Delivery → API → FIFO queue → builder → jobs in containers that check out from GitHub's own git →
table's stream → outbox → FIFO queue → notifier → check runs.
"""

from __future__ import annotations

import time
import urllib.request
import uuid
from collections.abc import Mapping

import pytest

from tests.deployed.driver import JOB_WITHIN_S, MARKS, Deployment
from tests.deployed.hosted import KEY, SECRET, Hosted
from tests.fakes.github_server import GitHubServer, secondary_limit
from tests.github.conftest import Keys

pytestmark = MARKS
Commits = Mapping[str, str]

LIMIT_S = 4
"""More than a function waits by itself."""
FILE = """\
jobs:
  unit:
    matrix: {code: [0, 37]}
    script:
      - cat greeting
      - echo "$TOWLINE_COMMIT with $KEY"
      - exit "$MATRIX_CODE"
    secrets: [KEY]
  flaky: {script: exit 1, allow_failure: true}
  docs: {needs: flaky, script: 'true'}
  release: {needs: unit, script: 'true'}
"""
ENDLESS = """\
cancel_previous: true
jobs:
  endless: {script: 'while :; do sleep 0.1; done'}
"""
MIXED = "jobs:\n  good: {script: 'true'}\n  bad: {script: exit 3}\n"
QUICK = "cancel_previous: true\njobs:\n  quick: {script: 'true'}\n"
FROM_A_FORK = "jobs:\n  unit: {script: 'test -z \"$KEY\" && cat greeting', secrets: [KEY]}\n"
WRONG = "jobs:\n  unit:\n    scripts: x\n"


@pytest.fixture(scope="module")
def commits(hosted: Hosted, plain: Hosted) -> Commits:
    """All that is pushed, at once; each test then waits for its own."""
    limit = secondary_limit(LIMIT_S, path=f"/repos/{plain.name}/contents/")
    hosted.github.faults.append(limit)
    return {
        "plain": plain.push({".towline.yml": MIXED}),
        "main": hosted.push({".towline.yml": FILE, "greeting": "hello\n"}),
        "endless": hosted.push({".towline.yml": ENDLESS}, "line"),
        "wrong": hosted.push({".towline.yml": WRONG}, "wrong"),
        "fork": hosted.propose({".towline.yml": FROM_A_FORK, "greeting": "hi\n"}, 5),
    }


def test_a_push_becomes_check_runs_of_all_its_jobs(hosted: Hosted, commits: Commits) -> None:
    runs = hosted.over(commits["main"])
    assert hosted.conclusions(commits["main"]) == {
        "towline": "failure",
        "towline/unit (code=0)": "success",
        "towline/unit (code=37)": "failure",
        "towline/flaky": "neutral",
        "towline/docs": "success",
        "towline/release": "cancelled",
    }
    assert "2 of 5 jobs did not pass" in runs["towline"]["output"]["title"]
    failed = runs["towline/unit (code=37)"]["output"]
    assert "37" in failed["title"]
    # The log's end: the file that was pushed, at its commit, and no secret.
    assert "hello\n" in failed["text"]
    assert f"{commits['main']} with ***" in failed["text"]


def test_links_on_the_commit_lead_to_pages_that_need_no_token(
    hosted: Hosted, commits: Commits
) -> None:
    runs = hosted.over(commits["main"])
    build, job = (page(runs[name]["details_url"]) for name in ("towline", "towline/unit (code=37)"))
    assert "unit (code=0)" in build
    assert "code 37" in job
    assert f"{commits['main']} with ***" in job


def test_nothing_that_was_told_went_back(
    hosted: Hosted, github: GitHubServer, commits: Commits
) -> None:
    """Each name went from queued over running to its end, whatever order messages came in."""
    runs = hosted.over(commits["main"])
    order = ("queued", "in_progress", "completed")
    steps: dict[str, list[int]] = {run["external_id"]: [] for run in runs.values()}
    for record in github.asked(path="/check-runs"):
        if record.method != "GET" and record.body["external_id"] in steps:
            steps[record.body["external_id"]].append(order.index(record.body["status"]))
    for taken in steps.values():
        # Told of late, the first ones may be left out.
        assert taken == sorted(taken)
        assert taken[-1] == order.index("completed")
    assert any(len(taken) > 1 for taken in steps.values())


def test_checkouts_show_tokens_for_this_repository_alone(
    hosted: Hosted, github: GitHubServer, commits: Commits
) -> None:
    hosted.over(commits["main"])
    read_only = {"contents": "read", "metadata": "read"}
    asked = [r.body for r in github.asked("POST", "/access_tokens") if r.body]
    assert {"repository_ids": [hosted.repository.id], "permissions": read_only} in asked
    shown = {authorization for _, authorization in github.fetched}
    assert len(shown - {None}) > 1, "each job has its own"


def test_a_delivery_that_comes_again_builds_nothing_and_a_forged_one_is_refused(
    hosted: Hosted, commits: Commits
) -> None:
    event = hosted.pushed(commits["wrong"], "wrong")
    assert hosted.deliver("push", event, secret="a guess").status == 401
    again = [hosted.deliver("push", event, guid=str(uuid.UUID(int=7))) for _ in range(2)]
    assert {answer.status for answer in again} == {202}
    assert len({answer.body["build"] for answer in again}) == 1


def test_a_file_that_is_wrong_is_shown_at_its_line(hosted: Hosted, commits: Commits) -> None:
    run = hosted.over(commits["wrong"])["towline"]
    assert run["conclusion"] == "failure"
    notes = {note["start_line"]: note for note in run["output"]["annotations"]}
    assert "unknown key" in notes[3]["message"]
    assert notes[3]["path"] == ".towline.yml"


def test_a_newer_push_cancels_the_build_before(hosted: Hosted, commits: Commits) -> None:
    hosted.seen(
        commits["endless"],
        lambda told: told.get("towline/endless", {}).get("status") == "in_progress",
    )
    newer = hosted.push({".towline.yml": QUICK}, "line")
    assert hosted.over(commits["endless"])["towline/endless"]["conclusion"] == "cancelled"
    hosted.over(newer)
    assert set(hosted.conclusions(newer).values()) == {"success"}


def test_a_strangers_change_waits_for_approval_and_then_has_no_secrets(
    hosted: Hosted, commits: Commits
) -> None:
    held = hosted.seen(
        commits["fork"],
        lambda told: told.get("towline-pr", {}).get("conclusion") == "action_required",
    )
    hosted.press(held["towline-pr"], "approve")
    runs = hosted.over(commits["fork"], "towline-pr")
    assert runs["towline-pr/unit"]["conclusion"] == "success", runs
    assert "hi\n" in runs["towline-pr/unit"]["output"]["text"]


def test_githubs_button_runs_a_job_again(hosted: Hosted, commits: Commits) -> None:
    before = hosted.over(commits["main"])["towline/unit (code=37)"]
    hosted.press(before)
    hosted.seen(
        commits["main"], lambda told: told["towline"]["external_id"] not in before["external_id"]
    )
    after = hosted.over(commits["main"])["towline/unit (code=37)"]
    assert after["external_id"] != before["external_id"]
    assert after["conclusion"] == "failure"


def test_what_github_put_off_is_mended_by_the_reaper_and_ends_in_statuses(
    deployment: Deployment, plain: Hosted, github: GitHubServer, commits: Commits
) -> None:
    sha = commits["plain"]

    def over(_: object) -> bool:
        return plain.repository.last_statuses(sha).get("towline") == "failure"

    deadline = time.monotonic() + JOB_WITHIN_S
    while not github.wait_until(over, 1.0):
        assert time.monotonic() < deadline, plain.repository.statuses
        deployment.reap()
    assert {record.status for record in github.asked("GET", f"/{plain.name}/contents/")} > {403}
    assert plain.repository.last_statuses(sha) == {
        "towline": "failure",
        "towline/good": "success",
        "towline/bad": "failure",
    }
    [last] = [s for s in plain.repository.statuses if s["context"] == "towline/bad"][-1:]
    assert "code 3" in page(last["target_url"])


def test_what_was_set_by_commands_is_found_to_work(
    deployment: Deployment, hosted: Hosted, plain: Hosted, commits: Commits
) -> None:
    deployment.must("github", "show")
    for each in (hosted, plain):
        deployment.must("github", "show", "--project", each.name)


def test_no_function_was_refused_a_permission_or_wrote_a_secret(
    deployment: Deployment, hosted: Hosted, app_keys: Keys, github: GitHubServer, commits: Commits
) -> None:
    for name in ("main", "wrong"):
        hosted.over(commits[name])
    deployment.reap()
    written = deployment.functions_output()
    for word in ("AccessDenied", "not authorized", "Traceback"):
        assert word not in written
    key = app_keys.private.splitlines()[1]
    tokens = [token for token, what in github.world.tokens.items() if what.installation]
    assert tokens
    for secret in (KEY, SECRET, key, *tokens):
        assert secret not in written


def page(url: str) -> str:
    """As a browser gets it."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
