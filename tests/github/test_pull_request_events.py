"""What a delivery about a pull request means: what is built, and whose it is."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.github.events import Ignored
from tests.fakes.github_server import FakePullRequest, payloads
from tests.github.reading import NEW, OLD, REPOSITORY, commit, meaning


def pull(**details: Any) -> FakePullRequest:
    made = {"head_repository": REPOSITORY.name, "head_sha": NEW, "head_ref": "topic", **details}
    return FakePullRequest(3, base_sha=OLD, base_ref="main", **made)


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened"])
def test_a_pull_request_from_the_same_repository(action: str) -> None:
    event = commit("pull_request", payloads.pull_request(REPOSITORY, pull(), action))
    assert (event.kind, event.action, event.pull_request) == ("pull_request", action, 3)
    assert (event.sha, event.base_sha, event.branch) == (NEW, OLD, "main")
    assert (event.ref, event.merge_ref) == ("refs/pull/3/head", "refs/pull/3/merge")
    assert (event.head_branch, event.head_repository) == ("topic", REPOSITORY.name)
    assert not event.from_fork


def test_a_pull_request_from_a_fork_says_so_and_who_wrote_it() -> None:
    from_fork = pull(
        head_repository="mallory/Hello.World",
        author="mallory",
        author_association="FIRST_TIME_CONTRIBUTOR",
    )
    event = commit("pull_request", payloads.pull_request(REPOSITORY, from_fork))
    assert event.from_fork
    assert (event.head_repository, event.author) == ("mallory/Hello.World", "mallory")
    assert event.author_association == "FIRST_TIME_CONTRIBUTOR"


def test_a_fork_with_the_repositorys_own_name_is_still_a_fork() -> None:
    """Names can be taken over; the id can't."""
    payload = payloads.pull_request(REPOSITORY, pull())
    payload["pull_request"]["head"]["repo"] = {"id": 43, "full_name": REPOSITORY.name}
    assert commit("pull_request", payload).from_fork


def test_a_pull_request_whose_fork_was_deleted_counts_as_from_a_fork() -> None:
    event = commit("pull_request", payloads.pull_request(REPOSITORY, pull(head_repository=None)))
    assert event.from_fork
    assert event.head_repository is None


@pytest.mark.parametrize("action", ["closed", "labeled", "edited", "new_of_next_year"])
def test_other_news_of_a_pull_request_are_ignored(action: str) -> None:
    event = meaning("pull_request", payloads.pull_request(REPOSITORY, pull(), action))
    assert isinstance(event, Ignored)
    assert event.action == action


def test_a_pull_request_for_another_repository_is_not_built_here() -> None:
    payload = payloads.pull_request(REPOSITORY, pull())
    payload["pull_request"]["base"]["repo"] = {"id": 1, "full_name": "other/one"}
    assert isinstance(meaning("pull_request", payload), Ignored)
