"""A push whose jobs end before their script: named on the commit, the page and the terminal."""

from __future__ import annotations

import pytest

from tests.e2e.github_hub import INSTALLATION, Hub, untimed
from tests.pages.reader import Reader

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("github")]

FILE = """\
defaults:
  image: IMAGE
jobs:
  unprepared:
    setup: ['echo preparing', 'exit 7']
    script: ['echo never']
    after: ['echo "after $TOWLINE_RESULT"']
  sly:
    setup: ['true']
    script: ['echo setup >/proc/$PPID/fd/9; exit 3']
    after: ['true']
"""
WORDS = "setup failed with status 7; the script was not run"


def test_a_setup_that_fails_is_named_everywhere_and_a_script_can_not_pass_for_one(hub: Hub) -> None:
    web = hub.repository("acme/unprepared", installation=INSTALLATION)
    sha = web.commit({".towline.yml": FILE.replace("IMAGE", hub.image)})
    build = hub.push(web, sha)
    checks = hub.completed(web, sha, build)
    shown = {
        name: (run["conclusion"], untimed(run["output"]["title"])) for name, run in checks.items()
    }
    assert shown == {
        "towline": ("failure", "Failed: 2 of 2 jobs did not pass: unprepared, sly"),
        "towline/unprepared": ("failure", f"Failed: {WORDS}"),
        "towline/sly": ("failure", "Failed: the script ended with code 3"),
    }
    run = checks["towline/unprepared"]
    assert WORDS in run["output"]["summary"]
    assert "after setup_failed" in run["output"]["text"].splitlines()
    assert "never" not in run["output"]["text"].splitlines()
    page = Reader(hub.get(run["details_url"])).text
    assert f"Verdict: failed: {WORDS}." in page
    assert "code 7, ended by script, in its setup" in page
    (job,) = (job for job in hub.build(build)["jobs"] if job["name"] == "unprepared")
    assert (job["verdict"], job["in_setup"], job["detail"]) == ("failed", True, WORDS)
    assert WORDS in hub.towline("show", job["job_id"]).out.decode()
