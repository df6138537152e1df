"""What a checkout may ask for, and the variables that come with it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.domain.checkout import Checkout
from chalicelib.domain.ci_variables import ci_variables

COMMIT = "0123456789abcdef0123456789abcdef01234567"
URL = "https://host.test/owner/repo"


def checkout(**more: Any) -> Checkout:
    return Checkout(**{"repository_url": URL, "commit": COMMIT, **more})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"commit": COMMIT.upper()},
        {"commit": "a" * 64},
        {"repository_url": "http://127.0.0.1:8080/x", "token_secret": "T"},
        {"repository_url": "http://host.test/x"},
        {"ref": "refs/heads/feature/a-b_c.d"},
        {"ref": "refs/pull/7/merge", "depth": 0, "submodules": "shallow", "path": "a/b"},
    ],
)
def test_what_can_be_asked_for(given: dict[str, Any]) -> None:
    assert checkout(**given).commit == str(given.get("commit", COMMIT)).lower()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"commit": "main"}, "40 or 64 hex digits"),
        ({"commit": COMMIT[:12]}, "may mean another commit tomorrow"),
        ({"commit": "-" + COMMIT[1:]}, "40 or 64"),
        ({"commit": 5}, "40 or 64"),
        ({"repository_url": "git@host.test:o/r"}, "not an https address"),
        ({"repository_url": "ssh://host.test/o/r"}, "not an https address"),
        ({"repository_url": "file:///etc"}, "not an https address"),
        ({"repository_url": "ext::sh -c id"}, "not an https address"),
        ({"repository_url": "https://host.test"}, "not an https address"),
        ({"repository_url": "https://u:p@host.test/o/r"}, "token_secret"),
        ({"repository_url": "https://host.test/o/r?x=1"}, "not an https address"),
        ({"repository_url": "https://host.test/o/r\n"}, "not an https address"),
        ({"repository_url": "https://host.test/"}, "not an https address"),
        ({"repository_url": "https://host.test:x/o/r"}, "not an https address"),
        ({"repository_url": "https://host.test\\@evil.test/o/r"}, "not an https address"),
        ({"repository_url": "http://127.0.0.1.evil.test/x", "token_secret": "T"}, "over https"),
        ({"repository_url": "http://host.test/x", "token_secret": "T"}, "over https alone"),
        ({"ref": "main"}, "not a full ref"),
        ({"ref": "refs/heads/a b"}, "not a full ref"),
        ({"ref": "refs/heads/../x"}, "not a full ref"),
        ({"ref": "refs/heads/x.lock"}, "not a full ref"),
        ({"ref": "refs/heads/a:refs/heads/b"}, "not a full ref"),
        ({"ref": "--upload-pack=x"}, "not a full ref"),
        ({"path": "/etc"}, "below the working directory"),
        ({"path": "a/../.."}, "below the working directory"),
        ({"depth": -1}, "greater than or equal to 0"),
        ({"token_secret": "a b"}, "not a secret's name"),
        ({"token": "x"}, "Extra inputs"),
    ],
)
def test_what_can_not_be_is_told_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        checkout(**given)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (None, {}),
        ("refs/heads/a/b", {"TOWLINE_BRANCH": "a/b"}),
        ("refs/tags/v1", {"TOWLINE_TAG": "v1"}),
        ("refs/pull/12/merge", {"TOWLINE_PULL_REQUEST": "12"}),
    ],
)
def test_the_variables_say_where_the_commit_comes_from(
    ref: str | None, expected: dict[str, str]
) -> None:
    found = ci_variables(checkout(ref=ref), job="J", attempt=2, project="p", build=None)
    assert found == {
        "CI": "true",
        "TOWLINE": "true",
        "TOWLINE_JOB_ID": "J",
        "TOWLINE_ATTEMPT": "2",
        "TOWLINE_PROJECT": "p",
        "TOWLINE_REPOSITORY_URL": URL,
        "TOWLINE_COMMIT": COMMIT,
        **({"TOWLINE_REF": ref} if ref else {}),
        **expected,
    }


def test_a_build_is_named() -> None:
    found = ci_variables(checkout(), job="J", attempt=1, project="p", build="B")
    assert found["TOWLINE_BUILD"] == "B"
