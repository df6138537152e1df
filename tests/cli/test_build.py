"""``towline build``: what is asked of the service, and what is shown of its answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chalicelib.domain.build_record import BuildRecord
from tests.cli.in_process import in_process
from tests.fakes.github_server import FakePullRequest
from tests.fakes.github_server.payloads import pull_request, push
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from towline.cli.main import main

FILE = "jobs:\n  a:\n    script: x\n  b:\n    needs: a\n    script: y\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BuildWorld]:
    """The real app, called in this process instead of over a network."""
    with new_build_world() as made:
        made.with_token()
        made.commit(FILE, message="The \x1b[31msecond\n\nmore")
        with in_process(made, monkeypatch):
            yield made


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> tuple[str, str]:
    assert main(["build", *words]) == status
    said = capsys.readouterr()
    return said.out, said.err


def of_a_stranger(world: BuildWorld) -> BuildRecord:
    pull = FakePullRequest(
        number=3,
        head_sha=SHA,
        head_ref="theirs",
        base_sha=SHA,
        base_ref="main",
        head_repository="stranger/web",
        author="stranger",
        author_association="NONE",
        mergeable=False,
    )
    world.repository.pull_requests[3] = pull
    taken = world.deliver("pull_request", pull_request(world.repository, pull))
    world.build_all()
    return world.dispatcher.build(taken.build_id)


def test_a_build_is_listed_and_shown(world: BuildWorld, capsys: pytest.CaptureFixture[str]) -> None:
    build = world.push(FILE)
    [heads, line] = run(capsys, "list")[0].splitlines()
    assert heads.split() == ["ID", "STATE", "TOOK", "CREATED", "PROJECT", "OF", "TITLE"]
    assert line.split()[:2] == [build.id, "pending"]
    shown = run(capsys, "show", build.id)[0]
    assert f"\nproject  octo/web\nof       main\ncommit   {SHA[:12]} " in shown
    assert [row.split()[:2] for row in shown.splitlines()[-2:]] == [
        ["a", "queued"],
        ["b", "waiting"],
    ]
    assert json.loads(run(capsys, "show", build.id, "--json")[0])["id"] == build.id
    assert json.loads(run(capsys, "list", "-n", "1", "--json")[0])["builds"][0]["id"] == build.id
    assert "no builds of that project" in run(capsys, "list", "--project", "other")[1]


def test_what_a_stranger_wrote_is_no_command_to_the_terminal(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = world.deliver("push", push(world.repository, SHA))
    world.build_all()
    build = world.dispatcher.build(taken.build_id)
    for words in (["list"], ["show", build.id]):
        said = run(capsys, *words)[0]
        assert "\x1b" not in said
        assert "The ?[31msecond" in said


def test_a_wrong_file_is_shown_line_by_line(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    build = world.push("jobs:\n  a:\n    script: x\n    scrpt: y\n")
    assert ".towline.yml:4: jobs.a.scrpt: unknown key" in run(capsys, "show", build.id)[0]


def test_a_job_that_is_not_run_says_why(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    build = world.push(FILE)
    world.finish(build, "a", 1)
    world.tell(build)
    assert run(capsys, "show", build.id)[0].splitlines()[-1].split(maxsplit=2) == [
        "b",
        "skipped",
        "a job it needs did not pass",
    ]


def test_a_strangers_build_is_approved_once(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    build = of_a_stranger(world)
    shown = run(capsys, "show", build.id)[0]
    assert "state    held" in shown
    assert "author   stranger, from a fork" in shown
    assert "rights   none: a stranger's code has no secrets and no role" in shown
    assert f"towline build approve {build.id}" in shown
    assert f"build {build.id} is approved" in run(capsys, "approve", build.id)[1]
    assert world.dispatcher.build(build.id).jobs["a"].job_id is not None
    assert "did not wait for approval" in run(capsys, "approve", build.id)[1]


def test_a_build_is_cancelled_and_run_again(
    world: BuildWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    build = world.push(FILE)
    refused = run(capsys, "rerun", build.id, status=2)[1]
    assert "is not over: cancel it first, or wait" in refused
    assert f"build {build.id} is cancelled" in run(capsys, "cancel", build.id)[1]
    assert f"build {build.id} is cancelled" in run(capsys, "cancel", build.id)[1]
    again = run(capsys, "rerun", "--failed", build.id)[0].strip()
    assert world.dispatcher.build(again).rerun_of == build.id


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "nope"), "there is no build 'nope'"),
        (("approve", ""), "there is no build"),
        (("list", "-n", "0"), "--limit must be at least 1"),
    ],
    ids=str,
)
def test_mistakes_are_told(
    world: BuildWorld, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert said in run(capsys, *words, status=2)[1]
