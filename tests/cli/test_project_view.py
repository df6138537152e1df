"""``towline project show`` tells when schedules are due, and why GitHub works no longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chalicelib.pages.build_page import build_page
from tests.cli.in_process import in_process
from tests.fakes.github_server.payloads import common
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from towline.cli.main import main

FILE = "jobs:\n  a: {script: x}\nschedule:\n  nightly: {cron: '30 3 * * *'}\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BuildWorld]:
    """The real app, called in this process, with a repository that has a schedule."""
    with new_build_world() as made:
        made.with_token()
        made.commit(FILE)
        made.repository.commits["heads/main"] = made.repository.commits[SHA]
        with in_process(made, monkeypatch):
            yield made


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert main(("project", "show", "octo/web")) == 0
    lines = capsys.readouterr().out.splitlines()
    found = (line.partition("  ") for line in lines)
    return {name: value.strip() for name, _, value in found}


def test_schedules_are_shown_with_their_next_and_their_last_time(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not [name for name in rows(capsys) if "schedule" in name]
    main(("project", "set", "octo/web", "--enable"))
    world.build_all()
    capsys.readouterr()
    first = "30 3 * * * (UTC), the default branch; next 2026-01-02 03:30"
    assert rows(capsys)["schedule nightly"] == first
    world.now = datetime(2026, 1, 2, 3, 30, tzinfo=UTC)
    world.dispatcher.reap()
    shown = rows(capsys)["schedule nightly"]
    assert shown.endswith("; next 2026-01-03 03:30; last 2026-01-02 03:30: not begun yet")
    [said] = world.build_all()
    assert rows(capsys)["schedule nightly"].endswith(f"last 2026-01-02 03:30: {said}")
    build = said.removeprefix("build ")
    assert main(("build", "show", build)) == 0
    assert "main, schedule nightly" in capsys.readouterr().out
    page = world.dispatcher.build(build)
    assert "nightly" in str(build_page(page, job_href=lambda job: job).body)
    main(("project", "set", "octo/web", "--disable"))
    capsys.readouterr()
    assert "; rests, as it is disabled;" in rows(capsys)["schedule nightly"]


def test_why_a_project_is_disabled_is_shown(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "trouble" not in rows(capsys)
    world.deliver("repository", {**common(world.repository), "action": "deleted"})
    world.build_all()
    shown = rows(capsys)
    assert shown["state"] == "disabled: takes no jobs"
    assert shown["trouble"] == "the repository was deleted by octocat on 2026-01-02"
    assert main(("project", "list")) == 0
    assert "(disabled)" in capsys.readouterr().out


def test_a_new_name_is_shown_and_an_app_that_is_gone(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    main(("project", "set", "octo/web", "--enable"))
    world.build_all()
    payload = common(world.repository)
    payload["repository"] |= {"full_name": "Octo/Site", "name": "Site"}
    world.deliver("repository", {**payload, "action": "renamed"})
    world.build_all()
    main(("project", "set", "octo/web", "--installation-id", "7"))
    app = {"installation": {"id": 7, "account": {"login": "Octo"}}, "repositories": []}
    world.deliver("installation", {**app, "action": "suspend"})
    world.build_all()
    capsys.readouterr()
    shown = rows(capsys)
    assert shown["repository"] == "Octo/Site at present"
    assert "the GitHub App was suspended" in shown["trouble"]
    assert shown["state"] == "enabled"
    assert main(("project", "list")) == 0
    assert "(trouble with GitHub)" in capsys.readouterr().out
