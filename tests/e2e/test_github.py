"""Push, and see the verdict on the commit: ``towline up --github`` with jobs in real containers.

GitHub is a fake over TLS that takes only what GitHub's description allows and serves real
repositories by git; deliveries come signed; the App's tokens alone open the private repository.
"""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from tests.e2e.github_hub import INSTALLATION, Hub, untimed
from tests.fakes.github_server import payloads
from tests.pages.reader import Reader

pytestmark = [
    pytest.mark.docker,
    pytest.mark.xdist_group("github"),
    pytest.mark.usefixtures("outage"),
]

FILE = """\
env:
  GREETING: hello
defaults:
  image: IMAGE
jobs:
  unit:
    matrix:
      word: [good, bad, odd]
      allow_failure:
        - word: odd
    secrets: [KEY]
    setup:
      - echo "FROM_SETUP=$MATRIX_WORD" >> "$TOWLINE_ENV"
    script:
      - cat words.txt
      - echo "$GREETING $TOWLINE_BRANCH $KEY"
      - test "$FROM_SETUP" = good || exit 3
    after:
      - echo "after $TOWLINE_RESULT $TOWLINE_EXIT_STATUS"
  first:
    script: |
      command -v git || echo "no git in this image"
      git_dir=$(ls -d .git); echo "$git_dir of $TOWLINE_COMMIT"
      ! grep -ri -e token -e authorization .git/config
  second:
    needs: [first]
    script: ['true']
  killed:
    script: |
      kill -KILL $$
  release:
    needs: [unit]
    script: ['true']
"""
UNIT = "towline/unit (word={})"


def test_a_push_becomes_verdicts_pages_and_logs(hub: Hub) -> None:
    """A private repository, with the App: the matrix, what needs it, secrets, and the links."""
    web = hub.repository("Acme/Web", installation=INSTALLATION)
    hub.towline("secret", "set", "KEY", "--project", "acme/web", stdin=b"open sesame\n")
    sha = web.commit({".towline.yml": FILE.replace("IMAGE", hub.image), "words.txt": "of git\n"})
    build = hub.push(web, sha)
    checks = hub.completed(web, sha, build)

    shown = {
        name: (run["conclusion"], untimed(run["output"]["title"])) for name, run in checks.items()
    }
    assert shown == {
        "towline": (
            "failure",
            "Failed: 3 of 7 jobs did not pass: unit (word=bad), killed, release",
        ),
        UNIT.format("good"): ("success", "Passed"),
        UNIT.format("bad"): ("failure", "Failed: the script ended with code 3"),
        UNIT.format("odd"): (
            "neutral",
            "Failed, which is allowed: the script ended with code 3",
        ),
        "towline/first": ("success", "Passed"),
        "towline/second": ("success", "Passed"),
        "towline/killed": ("failure", "Failed: the script ended with signal 9 (KILL)"),
        "towline/release": ("cancelled", "Not run, as a job it needs did not pass"),
    }
    assert checks["towline/second"]["started_at"] >= checks["towline/first"]["completed_at"]

    for word, result in (("good", "passed 0"), ("bad", "failed 3")):
        run = checks[UNIT.format(word)]
        page = Reader(hub.get(run["details_url"]))
        for text in (run["output"]["text"], page.text):
            lines = text.splitlines()
            assert "of git" in lines
            assert "hello main ***" in lines
            assert any(line.startswith(f"after {result}") for line in lines)
            assert "open sesame" not in text
        whole = next(link for link in page.links if "/view/log" in link)
        assert hub.get(urljoin(run["details_url"], whole)).endswith(f"after {result}\n")
    log = checks["towline/first"]["output"]["text"]
    assert "no git in this image" in log
    assert f".git of {sha}" in log

    front = Reader(hub.get(checks["towline"]["details_url"]))
    assert "3 passed, 2 failed, 1 failed (allowed), 1 skipped" in front.text
    jobs = [urljoin(checks["towline"]["details_url"], a) for a in front.links if "/jobs/" in a]
    assert set(jobs) == {run["details_url"] for run in checks.values()} - {
        checks["towline"]["details_url"],
        checks["towline/release"]["details_url"],
    }
    assert hub.build(build)["state"] == "failed"


def test_githubs_button_runs_again_what_did_not_pass(hub: Hub) -> None:
    """A flaky job, as its secret says how it ends: what passed is not run again."""
    flaky = hub.repository("acme/flaky", installation=INSTALLATION)
    file = """\
jobs:
  steady: {image: IMAGE, script: ['true']}
  moody: {image: IMAGE, secrets: [MOOD], script: ['test "$MOOD" = good']}
"""
    hub.towline("secret", "set", "MOOD", "--project", "acme/flaky", stdin=b"bad")
    sha = flaky.commit({".towline.yml": file.replace("IMAGE", hub.image)})
    first = hub.push(flaky, sha)
    before = hub.completed(flaky, sha, first)
    hub.towline("secret", "set", "MOOD", "--project", "acme/flaky", stdin=b"good")
    assert [before["towline"]["conclusion"], before["towline/steady"]["conclusion"]] == [
        "failure",
        "success",
    ]
    pressed = payloads.check_run(
        flaky.fake,
        before["towline"],
        "requested_action",
        before["towline"]["actions"][0]["identifier"],
    )
    again = hub.deliver("check_run", pressed)
    after = hub.completed(flaky, sha, again["build"])
    assert {name: run["conclusion"] for name, run in after.items()} == {
        "towline": "success",
        "towline/steady": "success",
        "towline/moody": "success",
    }
    jobs = {job["name"]: job["job_id"] for job in hub.build(first)["jobs"]}
    for job in hub.build(again["build"])["jobs"]:
        assert (job["job_id"] == jobs[job["name"]]) == (job["name"] == "steady")
    assert hub.build(first)["state"] == "failed"


TRAVIS = """\
language: generic
env: [WORD=good, WORD=bad]
before_install: export FROM_SETUP=$WORD
script: test "$FROM_SETUP" = good
"""


def test_with_a_token_a_push_becomes_commit_statuses(hub: Hub) -> None:
    """A public repository without the App, and without a file of ours: the project's own token."""
    settings = ("--token-secret", "TOKEN", "--image", hub.image, "--public-badge", "yes")
    tool = hub.repository("acme/tool", *settings, private=False)
    token = hub.github.world.personal_token()
    hub.towline("secret", "set", "TOKEN", "--project", "acme/tool", stdin=token.encode())
    sha = tool.commit({".travis.yml": TRAVIS})
    hub.push(tool, sha)
    hub.wait(lambda: tool.statuses(sha).get("towline", {}).get("state") not in (None, "pending"))

    found = tool.statuses(sha)
    assert {
        name: (each["state"], untimed(each["description"])) for name, each in found.items()
    } == {
        "towline": ("failure", "Failed: 1 of 2 jobs did not pass: test (WORD=bad)"),
        "towline/test (WORD=good)": ("success", "Passed"),
        "towline/test (WORD=bad)": ("failure", "Failed: the script ended with code 1"),
    }
    for each in found.values():
        verdict = "passed" if each["state"] == "success" else "failed"
        assert Reader(hub.get(each["target_url"])).within("title")[0].startswith(verdict)
    told = [each["state"] for each in tool.fake.statuses if each["context"] == "towline"]
    assert told[0] == "pending"
    assert told.count("failure") == 1
    assert "failing" in hub.get(f"{hub.url}/badges/acme/tool.svg?branch=main")
