"""``towline project``: what is asked of the service, and what is shown of its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.in_process import in_process
from tests.usecases.world import World, new_world
from towline.cli.main import main


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The real app, called in this process instead of over a network."""
    with new_world() as made, in_process(made, monkeypatch):
        yield made


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> tuple[str, str]:
    assert main(words) == status
    said = capsys.readouterr()
    return said.out, said.err


def test_a_project_from_its_registration_to_its_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("--image", "debian:12", "--max-cpu", "4", "--max-memory", "8g", "--max-jobs", "3")
    _, err = run(capsys, "project", "add", "Acme/Web", *settings, "--forks", "never")
    assert "project acme/web is registered" in err
    out, _ = run(capsys, "project", "list")
    assert out.splitlines()[1].split() == ["acme/web", "3", "never", "debian:12"]
    run(capsys, "project", "set", "acme/web", "--image", "none", "--memory", "4g", "--disable")
    out, _ = run(capsys, "project", "show", "acme/web")
    assert [line.split(maxsplit=1)[1] for line in out.splitlines()] == [
        "acme/web",
        "disabled: takes no jobs",
        "3 at once, 0 now",
        "the runner's own",
        "as usual, at most 4",
        "4 GiB, at most 8 GiB",
        "never",
    ]
    out, _ = run(capsys, "project", "set", "acme/web", "--enable", "--max-jobs", "none", "--json")
    assert (json.loads(out)["max_jobs"], json.loads(out)["enabled"]) == (None, True)
    assert json.loads(run(capsys, "project", "show", "acme/web", "--json")[0])["version"] == 3
    assert "removed" in run(capsys, "project", "remove", "acme/web")[1]
    assert "no projects are registered" in run(capsys, "project", "list")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "a", "--max-jobs", "many"), "--max-jobs: 'many' is not a whole number"),
        (("add", "a", "--max-jobs", "0"), "--max-jobs: must be at least 1"),
        (("add", "a", "--max-memory", "lots"), "--max-memory: "),
        (("add", "a", "--cpu", "4", "--max-cpu", "2"), "cpu is 4, which is above max_cpu, 2"),
        (("add", "a b"), "'a b' is not a project's name such as acme/web"),
        (("add", "https://github.com/acme"), "is not a project's name such as acme/web"),
        (("add", "a", "--token-secret", "a b"), "--token-secret: 'a b' is not a secret's name"),
        (("set", "a"), "nothing to change"),
        (("set", "a", "--cpu", "1"), "project 'a' is not registered"),
        (("show", "a"), "project 'a' is not registered"),
        (("remove", "a"), "project 'a' is not registered"),
    ],
    ids=str,
)
def test_mistakes_are_told_in_the_words_that_were_typed(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    _, err = run(capsys, "project", *words, status=2)
    assert said in err
    assert world.dispatcher.projects() == []


def test_what_is_registered_is_not_registered_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "project", "add", "a", "--cpu", "2")
    _, err = run(capsys, "project", "add", "A", status=2)
    assert "towline project set" in err


def test_show_says_when_a_job_waits_for_a_slot(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "project", "add", "a", "--max-jobs", "1")
    jobs = []
    for _ in range(2):
        world.wait(1)
        jobs.append(world.submit(project="a"))
        world.dispatcher.take_message(jobs[-1].id)
    out, _ = run(capsys, "show", jobs[1].id)
    assert "for a slot: project a runs 1 of 1" in out
    assert "for a slot" not in run(capsys, "show", jobs[0].id)[0]


def test_a_token_is_made_for_one_project(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "token", "create", "ci", "--project", "a")
    assert re.search(r"never +a +ci$", run(capsys, "token", "list")[0], re.MULTILINE)


@pytest.mark.parametrize(
    "typed",
    [
        "https://github.com/Acme/Web",
        "https://github.example.com:8443/acme/web.git/",
        "git@github.com:acme/web.git",
        "ssh://git@github.com/acme/web",
    ],
)
def test_a_repository_may_be_named_by_its_address(
    world: World, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    run(capsys, "project", "add", typed)
    assert [project.name for project in world.dispatcher.projects()] == ["acme/web"]


def test_a_secret_of_a_repository_that_nobody_registered_is_kept_with_a_word(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUE", "v")
    run(capsys, "project", "add", "acme/web")
    for name, warned in (("acme/wbe", True), ("Acme/Web", False), ("default", False)):
        words = ("secret", "set", "KEY", "--from-env", "VALUE", "--project", name)
        err = run(capsys, *words)[1]
        assert "kept" in err
        assert (f"{name} is not registered" in err) == warned
    wrong = run(capsys, "secret", "set", "K-Y", "--from-env", "VALUE", status=2)[1]
    assert "error: 'K-Y' is not a secret's name" in wrong
