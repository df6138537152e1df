"""What each delivery means, from payloads of the fake and from ones that GitHub sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.github.deliveries import Delivery
from chalicelib.github.events import (
    CheckRequest,
    CommitEvent,
    Ignored,
    InstallationChanged,
    Ping,
    RefDeleted,
    RepositoryChanged,
)
from chalicelib.github.push_event import MOST_COMMITS, MOST_MESSAGE_CHARACTERS
from chalicelib.github.read_event import EVENTS, read_event
from chalicelib.github.refusal import Reason, Refusal
from chalicelib.github.repository_event import FOLLOWED
from tests.fakes.github_server import FakePullRequest, payloads
from tests.github.reading import NEW, OLD, REPOSITORY, commit, meaning


def test_a_push_to_a_branch() -> None:
    event = commit("push", payloads.push(REPOSITORY, NEW, before=OLD))
    assert event.repository.name == "Octo-Org/Hello.World"
    assert (event.repository.id, event.installation_id, event.sender) == (42, 7, "octocat")
    assert (event.kind, event.sha, event.base_sha) == ("push", NEW, OLD)
    assert (event.ref, event.branch, event.tag) == ("refs/heads/main", "main", None)
    assert (event.title, event.message) == ("A title", "A title\n\nMore.")
    assert event.paths == ("changed", "gone", "made")
    assert not event.created
    assert not event.forced
    assert not event.from_fork


def test_a_new_branch_has_no_paths_as_there_is_nothing_to_compare_with() -> None:
    event = commit("push", payloads.push(REPOSITORY, NEW, ref="refs/heads/feature/x"))
    assert (event.branch, event.created, event.base_sha, event.paths) == (
        "feature/x", True, None, None,
    )  # fmt: skip


def test_a_forced_push_has_no_paths_as_it_also_takes_changes_away() -> None:
    event = commit("push", payloads.push(REPOSITORY, NEW, before=OLD, forced=True))
    assert event.forced
    assert event.paths is None


def test_a_tag() -> None:
    event = commit("push", payloads.push(REPOSITORY, NEW, ref="refs/tags/v1.0"))
    assert (event.branch, event.tag, event.sha) == (None, "v1.0", NEW)


def test_an_annotated_tag_names_its_commit_not_the_tags_own_object() -> None:
    payload = {**payloads.push(REPOSITORY, NEW, ref="refs/tags/v1.0"), "after": "c" * 40}
    assert commit("push", payload).sha == NEW


@pytest.mark.parametrize("ref", ["refs/heads/old", "refs/tags/old"])
def test_a_deleted_branch_or_tag_has_nothing_to_build(ref: str) -> None:
    event = meaning("push", payloads.push(REPOSITORY, payloads.NOWHERE, ref=ref, before=OLD))
    assert isinstance(event, RefDeleted)
    assert event.ref == ref
    assert (event.branch or event.tag) == "old"


def test_a_ref_that_is_neither_branch_nor_tag_is_ignored() -> None:
    event = meaning("push", payloads.push(REPOSITORY, NEW, ref="refs/notes/commits"))
    assert isinstance(event, Ignored)


def test_paths_are_not_known_when_a_payload_may_not_list_them_all() -> None:
    """A filter on paths that did not see all of them would leave jobs out."""
    payload = payloads.push(REPOSITORY, NEW, before=OLD)
    one = payload["commits"][0]
    many = {**one, "added": [f"{number}" for number in range(3000)], "modified": [], "removed": []}
    long = {**one, "added": [f"{number:0100}" for number in range(1000)]}
    untold = {key: value for key, value in one.items() if key != "removed"}
    for commits in ([one] * MOST_COMMITS, [many], [long], [untold], [], [{**one, "id": OLD}]):
        assert commit("push", {**payload, "commits": commits}).paths is None


def test_a_long_message_is_cut_and_its_first_line_is_the_title() -> None:
    payload = payloads.push(REPOSITORY, NEW, before=OLD)
    payload["head_commit"] = {**payload["head_commit"], "message": "\n a  b\r\n" + "x" * 100_000}
    event = commit("push", payload)
    assert (event.title, len(event.message)) == ("a b", MOST_MESSAGE_CHARACTERS)


RUN = {"id": 9, "name": "towline/unit", "head_sha": NEW, "external_id": "job-1"}


def test_githubs_rerun_button_and_one_of_ours() -> None:
    again = meaning("check_run", payloads.check_run(REPOSITORY, RUN))
    ours = meaning("check_run", payloads.check_run(REPOSITORY, RUN, "requested_action", "approve"))
    assert isinstance(again, CheckRequest)
    assert isinstance(ours, CheckRequest)
    assert (again.asked, ours.asked) == ("rerun", "approve")
    for event in (again, ours):
        assert (event.run_id, event.external_id, event.sha) == (9, "job-1", NEW)
        assert (event.run_name, event.app_id, event.suite_id) == ("towline/unit", 1, 5)


@pytest.mark.parametrize("button", ["", "not a button of ours", "x" * 21])
def test_a_button_that_is_not_ours_is_ignored(button: str) -> None:
    payload = payloads.check_run(REPOSITORY, RUN, "requested_action", button)
    assert isinstance(meaning("check_run", payload), Ignored)


def test_check_runs_that_only_tell_their_state_are_ignored() -> None:
    """They come for every update that we send."""
    for action in ("created", "completed"):
        payload = payloads.check_run(REPOSITORY, RUN, action)
        assert isinstance(meaning("check_run", payload), Ignored)


def test_events_that_nothing_follows_from_are_ignored_unread() -> None:
    delivery = Delivery("star", "id", b"not even JSON", "")
    assert isinstance(read_event(delivery), Ignored)


@pytest.mark.parametrize(
    "name", ["evil/../x", "a/b/c", "x", "/x", "a b/c", "a/b\n", "a/" + "b" * 101, "..//"]
)
def test_a_repositorys_name_is_what_github_allows(name: str) -> None:
    """It becomes part of keys, addresses and the name of a parameter."""
    payload = payloads.push(REPOSITORY, NEW)
    payload["repository"]["full_name"] = name
    refusal = read_event(Delivery("push", "id", json.dumps(payload).encode(), ""))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.UNEXPECTED
    assert "repository.full_name" in refusal.message


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/a b", "refs/heads/a\nb", "refs/heads/a..b", "refs/heads/a~1", "refs/heads/a:b",
        "refs/heads/\x1b[31m", "refs/heads/a.lock", "refs/heads/.a", "refs/heads/a/", "refs//a",
        "refs/heads/a@{1}", "refs/heads/a\\b", "/refs/heads/a", "",
    ],
)  # fmt: skip
def test_a_refs_name_is_what_git_allows(ref: str) -> None:
    payload = payloads.push(REPOSITORY, NEW, ref=ref)
    refusal = read_event(Delivery("push", "id", json.dumps(payload).encode(), ""))
    assert isinstance(refusal, Refusal)


@pytest.mark.parametrize("sha", ["", "main", "A" * 40, "a" * 39, "a" * 41, "--upload-pack=x"])
def test_a_commit_is_a_hash(sha: str) -> None:
    payload = {**payloads.push(REPOSITORY, NEW), "after": sha}
    assert isinstance(read_event(Delivery("push", "id", json.dumps(payload).encode(), "")), Refusal)


def test_a_refusal_names_fields_and_quotes_nothing() -> None:
    payload = {**payloads.push(REPOSITORY, NEW), "ref": 5, "before": "s3cret", "forced": "s3cret"}
    refusal = read_event(Delivery("push", "id", json.dumps(payload).encode(), ""))
    assert isinstance(refusal, Refusal)
    for field in ("ref", "before", "forced"):
        assert field in refusal.message
    assert "s3cret" not in refusal.message


def test_the_app_is_installed_and_sees_more_and_less() -> None:
    installation = {"id": 7, "account": {"login": "Octo-Org"}}
    listed = [{"id": 42, "full_name": "Octo-Org/Hello.World", "private": False}]
    made = meaning(
        "installation",
        {"action": "created", "installation": installation, "repositories": listed},
    )
    less = meaning(
        "installation_repositories",
        {
            "action": "removed",
            "installation": installation,
            "repositories_added": [],
            "repositories_removed": listed * 1001,
        },
    )
    assert isinstance(made, InstallationChanged)
    assert [each.name for each in made.added] == ["Octo-Org/Hello.World"]
    assert (made.account, made.installation_id, made.complete) == ("Octo-Org", 7, True)
    assert isinstance(less, InstallationChanged)
    assert (len(less.removed), less.added, less.complete) == (1000, (), False)


def test_a_ping_of_an_organizations_hook_has_no_repository() -> None:
    assert meaning("ping", {"zen": "Keep it.", "hook_id": 3}) == Ping(hook_id=3)


KINDS: dict[tuple[str, str], type] = {
    ("ping", ""): Ping,
    ("check_run", "rerequested"): CheckRequest,
    ("check_suite", "rerequested"): CheckRequest,
    ("pull_request", "opened"): CommitEvent,
    ("pull_request", "synchronize"): CommitEvent,
    ("pull_request", "reopened"): CommitEvent,
}


def test_recorded_deliveries_are_understood(recorded: list[tuple[str, dict[str, Any]]]) -> None:
    """What GitHub really sent, with all of its fields."""
    seen: set[str] = set()
    for event, payload in recorded:
        found = meaning(event, payload)
        action = payload.get("action", "")
        if event == "push":
            expected: type = RefDeleted if payload["deleted"] else CommitEvent
        elif event.startswith("installation"):
            expected = InstallationChanged
        elif event == "repository":
            followed = action in FOLLOWED or "default_branch" in payload.get("changes", {})
            expected = RepositoryChanged if followed else Ignored
        else:
            expected = KINDS.get((event, action), Ignored)
        assert isinstance(found, expected), (event, action, found)
        seen.add(event)
    assert seen >= set(EVENTS)


def test_the_fakes_payloads_lack_nothing_that_recorded_ones_have(
    recorded: list[tuple[str, dict[str, Any]]],
) -> None:
    """Each field that the fake sends is one of GitHub's, in the place where GitHub has it."""
    pull = FakePullRequest(3, NEW, "topic", OLD, "main", REPOSITORY.name)
    ours = {
        "push": payloads.push(REPOSITORY, NEW, before=OLD),
        "pull_request": payloads.pull_request(REPOSITORY, pull),
        "check_run": payloads.check_run(REPOSITORY, RUN, "requested_action", "approve"),
    }
    for event, payload in ours.items():
        known = set[str]()
        for name, example in recorded:
            if name == event:
                known |= places(example)
        assert places(payload) <= known, places(payload) - known


def places(value: object, at: str = "") -> set[str]:
    """Where it holds something; texts in lists are not places of their own."""
    if isinstance(value, dict):
        return set().union(*(places(each, f"{at}.{key}") for key, each in value.items()), {at})
    if isinstance(value, list):
        return set().union(*(places(each, f"{at}[]") for each in value if each != str(each)), {at})
    return {at}
