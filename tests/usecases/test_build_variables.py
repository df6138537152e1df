"""The variables that a build's jobs find are those that docs/repository-file.md tells of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.checkout import Checkout
from chalicelib.domain.ci_variables import ci_variables
from chalicelib.repofile.planned import Phases, PlannedJob, Script
from chalicelib.usecases.build_spec import variables
from tests.domain.samples import NOW

PAGE = (Path(__file__).parents[2] / "docs" / "repository-file.md").read_text(encoding="utf-8")
PLANNED = PlannedJob(name="a", key="a", phases=Phases(script=Script(text="x")))
PLACES: dict[str, dict[str, object]] = {
    "push": {"kind": "push", "ref": "refs/heads/main", "branch": "main"},
    "tag": {"kind": "push", "ref": "refs/tags/v1", "tag": "v1"},
    "schedule": {
        "kind": "schedule", "ref": "refs/heads/main", "branch": "main", "schedule": "nightly",
    },
    "pull request": {
        "kind": "pull_request", "ref": "refs/pull/7/merge", "branch": "main", "pull_request": 7,
        "head_branch": "topic",
    },
}  # fmt: skip


def given(place: str) -> dict[str, str | None]:
    """What a job of such a build finds."""
    build = BuildRecord.model_validate(
        {
            "id": "b", "project": "a/b", "repository_id": 1, "repository_name": "A/b",
            "sha": "a" * 40, "commit": "b" * 40, "created_at": NOW, "updated_at": NOW,
            **PLACES[place],
        }
    )  # fmt: skip
    checkout = Checkout(repository_url="https://x.test/A/b.git", commit="b" * 40, ref=build.ref)
    known = ci_variables(checkout, job="j", attempt=1, project="a/b", build="b")
    return {**known, **variables(build, PLANNED)}


def test_the_page_tells_of_each_and_of_no_other() -> None:
    section = PAGE.partition("\n## Variables\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert told == set().union(*(given(place) for place in PLACES))


@pytest.mark.parametrize("place", PLACES)
def test_only_what_applies_is_there(place: str) -> None:
    found = given(place)
    assert None not in found.values()
    assert found["TOWLINE_EVENT"] == PLACES[place]["kind"]
    assert ("TOWLINE_SCHEDULE" in found) == (place == "schedule")
    assert ("TOWLINE_PULL_REQUEST" in found) == (place == "pull request")
    assert ("TOWLINE_TAG" in found) == (place == "tag")
