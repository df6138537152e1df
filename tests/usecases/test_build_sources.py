"""What a build is made from: a pull request's merge, other files, changed paths; and its token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.build import BuildState
from chalicelib.domain.build_record import BuildRecord
from tests.fakes.github_server import FakeCommit, FakePullRequest
from tests.fakes.github_server.payloads import common, pull_request, push
from tests.github.conftest import APP_ID
from tests.usecases.build_world import SHA, BuildWorld, new_build_world
from tests.usecases.test_notices import KEYS

MERGE = "c" * 40
FILE = "jobs:\n  a:\n    script: x\n"
PATHS = "jobs:\n  a:\n    when: {paths: ['docs/**']}\n    script: x\n  b:\n    script: y\n"


@pytest.fixture
def world() -> Iterator[BuildWorld]:
    with new_build_world() as made:
        made.with_token()
        yield made


def asked_to_pull(world: BuildWorld, file: str = FILE, **fields: Any) -> BuildRecord:
    world.commit(file)
    world.commit(file, sha=MERGE)
    pull = FakePullRequest(7, SHA, "topic", "b" * 40, "main", world.repository.name)
    for name, value in fields.items():
        setattr(pull, name, value)
    world.repository.pull_requests[7] = pull
    sent = FakePullRequest(7, SHA, "topic", "b" * 40, "main", world.repository.name)
    taken = world.deliver("pull_request", pull_request(world.repository, sent))
    world.build_all()
    return world.dispatcher.build(taken.build_id)


def test_of_a_pull_request_the_merge_is_built_and_the_head_is_told(world: BuildWorld) -> None:
    build = asked_to_pull(world, mergeable=True, merge_sha=MERGE)
    assert (build.commit, build.ref, build.sha) == (MERGE, "refs/pull/7/merge", SHA)
    world.tell(build)
    assert world.told(SHA) == {"towline-pr": "pending", "towline-pr/a": "pending"}


@pytest.mark.parametrize(
    "fields",
    [
        {"mergeable": None},
        {"mergeable": False},
        {"mergeable": True, "merge_sha": MERGE, "head_sha": "d" * 40},
    ],
    ids=["not known", "conflicts", "pushed again"],
)
def test_without_a_merge_of_this_head_the_head_is_built(
    world: BuildWorld, fields: dict[str, Any]
) -> None:
    build = asked_to_pull(world, **fields)
    assert (build.commit, build.ref) == (SHA, "refs/pull/7/head")


def test_changed_paths_are_asked_for_when_the_file_wants_to_know(world: BuildWorld) -> None:
    build = asked_to_pull(world, PATHS, paths=["src/x.c"], mergeable=False)
    assert list(build.jobs) == ["b"]


def test_a_travis_file_is_read_where_there_is_no_other(world: BuildWorld) -> None:
    content = b"script: make\nservices: docker\n"
    world.repository.commits[SHA] = FakeCommit(SHA, {".travis.yml": content})
    taken = world.deliver("push", push(world.repository, SHA))
    world.build_all()
    build = world.dispatcher.build(taken.build_id)
    assert (build.file, len(build.jobs)) == (".travis.yml", 1)
    assert [(problem.line, problem.level) for problem in build.problems] == [(2, "warning")]


def test_a_repository_that_cant_be_read_is_an_errored_build_that_says_why(
    world: BuildWorld,
) -> None:
    world.dispatcher.put_project("octo/web", {"token_secret": "GITHUB"})
    build = world.push(FILE)
    assert build.state is BuildState.ERRORED
    assert "towline secret set" in build.detail


def test_the_app_gives_each_job_a_token_for_its_repository_alone(world: BuildWorld) -> None:
    world.github.world.app = (APP_ID, KEYS.public)
    world.repository.installation = 7
    world.parameters.put("app-id", APP_ID)
    world.parameters.put("app-key", KEYS.private)
    world.use_builds()
    event = {
        **{k: v for k, v in common(world.repository).items() if k != "repository"},
        "action": "added",
        "installation": {"id": 7, "account": {"login": "Octo"}},
        "repositories_added": [
            {"id": world.repository.id, "full_name": "Octo/Web", "private": True}
        ],
        "repositories_removed": [],
    }
    assert world.deliver("installation_repositories", event).status == 202
    assert world.build_all() == ["1 projects changed"]
    project = world.dispatcher.project("octo/web")
    assert (project.installation_id, project.repository_id) == (7, world.repository.id)
    build = world.push(FILE)
    job = world.get(build.jobs["a"].job_id or "")
    world.dispatcher.launch(job.id)
    shown = world.claim(world.get(job.id))["work"]["checkout"]["token"]
    token = world.github.world.tokens[shown["password"]]
    assert token.repository_ids == frozenset({world.repository.id})
    assert token.permissions == {"contents": "read", "metadata": "read"}
