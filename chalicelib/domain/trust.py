"""Whose code it is, and what it may have therefore. The only place that says so. Pure.

A change from a fork is code that nobody of the project has looked at: it runs without secrets,
without a role, without logins for private images, and with a token that reads this repository alone
(docs/security.md). Who its author is only decides whether it runs at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.project import ForkPolicy, Project

KNOWN = frozenset({"OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR"})
"""Associations of people who belong to the project or had a change of theirs taken before. All
others, and words that GitHub may add, count as new:
https://docs.github.com/en/graphql/reference/enums#commentauthorassociation"""


class Start(StrEnum):
    """When the jobs of an event are started."""

    NOW = "now"
    APPROVAL = "approval"
    """When somebody who may do so has approved this very commit."""
    NEVER = "never"


class TokenScope(StrEnum):
    """What the token may do that a job fetches the commit with."""

    NONE = "none"
    READ_REPOSITORY = "read_repository"
    """Read the contents of this one repository."""
    PROJECT = "project"
    """What the project's own installation or token may read, private submodules among it."""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What is known of an event. Told by GitHub, never by the change itself."""

    fork: bool
    """The code is from another repository. A head repository that is gone is a fork, too."""
    association: str = "NONE"
    """GitHub's ``author_association`` of who opened the pull request."""
    approved: bool = False
    """Somebody who may do so has approved this very commit; a later push is not approved."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the jobs of an event may have. ``rule`` is the row of docs/security.md."""

    start: Start
    secrets: bool
    role: bool
    registry_credentials: bool
    token: TokenScope
    rule: str
    why: str
    """For the commit's status, in a sentence."""

    @property
    def restricted(self) -> bool:
        """Jobs are submitted so: neither secrets nor role nor logins, whatever their file says."""
        return not (self.secrets and self.role and self.registry_credentials)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    when: str
    start: Start
    trusted: bool
    why: str
    holds: Callable[[Project | None, EventFacts], bool]


def _forks(policy: ForkPolicy) -> Callable[[Project | None, EventFacts], bool]:
    return lambda project, _: project is not None and project.forks is policy


_ROWS: tuple[_Row, ...] = (
    _Row(
        "unknown",
        "the repository is not a registered project",
        Start.NEVER,
        False,
        "this repository is not registered here",
        lambda project, _: project is None,
    ),
    _Row(
        "disabled",
        "the project is disabled",
        Start.NEVER,
        False,
        "this project is disabled",
        lambda project, _: project is not None and not project.enabled,
    ),
    _Row(
        "own",
        "the code is in the project's own repository",
        Start.NOW,
        True,
        "the code is the project's own",
        lambda _, facts: not facts.fork,
    ),
    _Row(
        "forks_never",
        "a fork; the project's policy is `never`",
        Start.NEVER,
        False,
        "this project runs nothing from forks",
        _forks(ForkPolicy.NEVER),
    ),
    _Row(
        "forks_always",
        "a fork; the policy is `always`",
        Start.NOW,
        False,
        "this project runs changes from forks, without secrets",
        _forks(ForkPolicy.ALWAYS),
    ),
    _Row(
        "known_author",
        "a fork; the policy is `approval`; the author belongs to the project or has contributed "
        "before",
        Start.NOW,
        False,
        "the author is known to the project; it runs without secrets",
        lambda _, facts: facts.association in KNOWN,
    ),
    _Row(
        "approved",
        "a fork; the policy is `approval`; this commit was approved",
        Start.NOW,
        False,
        "it was approved; it runs without secrets",
        lambda _, facts: facts.approved,
    ),
    _Row(
        "new_author",
        "a fork; the policy is `approval`; anything else",
        Start.APPROVAL,
        False,
        "a first contribution waits until somebody of the project has approved it",
        lambda _, __: True,
    ),
)


def grant(project: Project | None, facts: EventFacts) -> Grant:
    """What the event's jobs may have: the first row that holds. None: it is not registered."""
    row = next(row for row in _ROWS if row.holds(project, facts))
    return _grant(row)


def may_have_checkout_token(project: Project, *, restricted: bool) -> bool:
    """Whether a job is checked out with the token that the project keeps for it.

    Such a token may read more than this one repository, and a change can name submodules: so a
    stranger's is checked out with it only where the project says so.
    """
    return not restricted or project.fork_checkout


def _grant(row: _Row) -> Grant:
    token = TokenScope.PROJECT if row.trusted else TokenScope.READ_REPOSITORY
    return Grant(
        start=row.start,
        secrets=row.trusted,
        role=row.trusted,
        registry_credentials=row.trusted,
        token=TokenScope.NONE if row.start is Start.NEVER else token,
        rule=row.name,
        why=row.why,
    )


def table_as_markdown() -> str:
    """The rows in their order, as docs/security.md shows them."""
    lines = [
        "| # | Rule | When | Jobs run | Secrets, role, logins | Token |",
        "|---|---|---|---|---|---|",
    ]
    words = {Start.NOW: "now", Start.APPROVAL: "once approved", Start.NEVER: "never"}
    for number, row in enumerate(_ROWS, 1):
        given = _grant(row)
        rights = "yes" if given.secrets else "no"
        lines.append(
            f"| {number} | `{row.name}` | {row.when} | {words[row.start]} | {rights} "
            f"| {given.token.value} |"
        )
    return "\n".join(lines)
