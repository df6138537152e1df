"""Pages in a real browser: they renew themselves, load nothing, can be read and fit a telephone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.pages import document
from chalicelib.pages.build_page import build_page
from chalicelib.usecases.view_keys import Viewed, view_url
from tests.pages.browser import Browser
from tests.pages.test_hostile import a_build
from towline.local.service import LocalService

pytestmark = pytest.mark.browser
LONG = "x" * 3000
SCRIPT = '<script>document.title="taken"</script>'
HOSTILE = f"""\
printf '\\033[31mred\\033[0m %s %s\\n' '{SCRIPT}' '<img src=x onerror=alert(1)>'
printf '%s\\n' '{LONG}' '\\u202ereversed'
exit 3
"""


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    started = LocalService.start("process")
    yield started
    started.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    made.close()


def submit(service: LocalService, script: str) -> str:
    job_id: str = service.client().submit({"script": script, "name": "unit"})["id"]
    return job_id


def page_of(service: LocalService, job_id: str) -> str:
    key = service.dispatcher.collaborators.server_key.key()
    return view_url(service.url, key, Viewed.JOB, job_id)


def await_log(service: LocalService, job_id: str, text: bytes) -> None:
    """Until the service has this of the job's log."""
    while text not in service.client().log(job_id, 0).data:
        service.changes.wait(10)


def finish(service: LocalService, job_id: str) -> None:
    while service.client().job(job_id)["state"] != "finished":
        service.changes.wait(10)


def test_a_running_jobs_page_renews_itself_until_the_verdict(
    service: LocalService, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "REFRESH_S", 1)
    go = tmp_path / "go"
    job_id = submit(service, f"echo begun; until [ -e {go} ]; do sleep 0.05; done; exit 7")
    await_log(service, job_id, b"begun")
    browser.open(page_of(service, job_id))
    assert browser.title == "running: unit (default)"
    assert "begun" in browser.text
    go.touch()
    browser.await_title("failed: unit (default)")
    assert "7" in browser.text
    assert browser.complaints() == []


@pytest.mark.parametrize("dark", [False, True])
def test_a_hostile_log_is_text_and_every_word_can_be_read(
    service: LocalService, browser: Browser, dark: bool
) -> None:
    job_id = submit(service, HOSTILE)
    finish(service, job_id)
    browser.open(page_of(service, job_id), dark=dark)
    assert browser.title == "failed: unit (default)"
    assert f"red {SCRIPT} <img src=x" in browser.text
    assert (browser.loaded(), browser.complaints()) == ([], [])
    pale = [found for found in browser.contrasts() if found[0] < 4.5]
    assert pale == [], json.dumps(pale, indent=1)


@pytest.mark.parametrize("dark", [False, True])
def test_a_builds_page_can_be_read_and_fits_a_telephone(
    browser: Browser, tmp_path: Path, dark: bool
) -> None:
    """With the longest names that GitHub allows, and texts that would be elements."""
    page = tmp_path / "build.html"
    page.write_text(document.document(build_page(a_build(SCRIPT + "y" * 200), job_href=str)))
    browser.open(page.as_uri(), width=360, dark=dark)
    assert SCRIPT in browser.text
    assert (browser.too_wide(), browser.complaints()) == (0, [])
    assert [found for found in browser.contrasts() if found[0] < 4.5] == []


def test_on_a_telephone_nothing_has_to_be_scrolled_sideways(
    service: LocalService, browser: Browser
) -> None:
    job_id = submit(service, HOSTILE)
    finish(service, job_id)
    browser.open(page_of(service, job_id), width=360)
    assert LONG[:40] in browser.text
    assert browser.too_wide() == 0
    # A table's short words are not torn apart for the sake of long ones.
    assert browser.lines("Attempt") == 1
