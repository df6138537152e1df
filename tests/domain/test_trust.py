"""Every combination of what is known of an event, and what its jobs may have."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from chalicelib.domain.project import ForkPolicy, Project
from chalicelib.domain.trust import EventFacts, Start, TokenScope, grant, table_as_markdown
from tests.domain.samples import NOW

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
KNOWN = ("OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR")
NEW = ("FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER", "NONE", "MANNEQUIN", "", "owner", "A_NEW_WORD")
NOW_, LATER, NEVER = Start.NOW, Start.APPROVAL, Start.NEVER

FORKS: dict[tuple[ForkPolicy, bool, bool], tuple[Start, str]] = {
    # policy, is the author known, was it approved
    (ForkPolicy.NEVER, False, False): (NEVER, "forks_never"),
    (ForkPolicy.NEVER, False, True): (NEVER, "forks_never"),
    (ForkPolicy.NEVER, True, False): (NEVER, "forks_never"),
    (ForkPolicy.NEVER, True, True): (NEVER, "forks_never"),
    (ForkPolicy.ALWAYS, False, False): (NOW_, "forks_always"),
    (ForkPolicy.ALWAYS, False, True): (NOW_, "forks_always"),
    (ForkPolicy.ALWAYS, True, False): (NOW_, "forks_always"),
    (ForkPolicy.ALWAYS, True, True): (NOW_, "forks_always"),
    (ForkPolicy.APPROVAL, False, False): (LATER, "new_author"),
    (ForkPolicy.APPROVAL, False, True): (NOW_, "approved"),
    (ForkPolicy.APPROVAL, True, False): (NOW_, "known_author"),
    (ForkPolicy.APPROVAL, True, True): (NOW_, "known_author"),
}
CASES = list(itertools.product(ForkPolicy, (True, False), KNOWN + NEW, (True, False)))


def project(forks: ForkPolicy, *, enabled: bool = True) -> Project:
    return Project(name="acme/web", created_at=NOW, updated_at=NOW, forks=forks, enabled=enabled)


@pytest.mark.parametrize(("policy", "fork", "association", "approved"), CASES)
def test_every_case(policy: ForkPolicy, fork: bool, association: str, approved: bool) -> None:
    facts = EventFacts(fork=fork, association=association, approved=approved)
    given = grant(project(policy), facts)
    rights = {given.secrets, given.role, given.registry_credentials}
    if not fork:
        assert (given.start, given.rule, given.token) == (NOW_, "own", TokenScope.PROJECT)
        assert rights == {True}
        assert not given.restricted
        return
    wanted = FORKS[policy, association in KNOWN, approved]
    assert (given.start, given.rule) == wanted
    assert rights == {False}
    assert given.restricted
    none = given.start is NEVER
    assert given.token is (TokenScope.NONE if none else TokenScope.READ_REPOSITORY)


@pytest.mark.parametrize(("policy", "fork", "association", "approved"), CASES)
def test_nothing_runs_for_a_project_that_is_unknown_or_disabled(
    policy: ForkPolicy, fork: bool, association: str, approved: bool
) -> None:
    facts = EventFacts(fork=fork, association=association, approved=approved)
    for missing, rule in ((None, "unknown"), (project(policy, enabled=False), "disabled")):
        given = grant(missing, facts)
        assert (given.start, given.rule, given.token) == (NEVER, rule, TokenScope.NONE)
        assert given.restricted


def test_the_page_shows_the_table_of_the_code() -> None:
    assert table_as_markdown() in PAGE.read_text(encoding="utf-8"), (
        "docs/security.md is out of date: put the text of "
        "chalicelib.domain.trust.table_as_markdown() where the old table is"
    )
