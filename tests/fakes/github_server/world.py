"""What this GitHub holds: repositories with their commits, Apps' installations, tokens, reports."""

from __future__ import annotations

import itertools
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class FakeCommit:
    """Files are by path. ``parent`` is what it is compared with."""

    sha: str
    files: dict[str, bytes]
    message: str = "A commit"
    author: str = "octocat"


@dataclass
class FakePullRequest:
    """``head_repository`` other than the base's makes it one from a fork; None: deleted."""

    number: int
    head_sha: str
    head_ref: str
    base_sha: str
    base_ref: str
    head_repository: str | None
    author: str = "octocat"
    author_association: str = "CONTRIBUTOR"
    title: str = "A change"
    paths: list[str] = field(default_factory=list)
    mergeable: bool | None = None
    """None: GitHub has yet to find out."""
    merge_sha: str | None = None


@dataclass
class FakeRepository:
    """``installation``: where the App sees it. ``git``: a real repository to take commits from."""

    id: int
    name: str
    private: bool = True
    default_branch: str = "main"
    installation: int | None = None
    git: Path | None = None
    permissions: dict[str, str] = field(default_factory=lambda: {"octocat": "write"})
    """By login: admin, write, read; none for all others."""
    commits: dict[str, FakeCommit] = field(default_factory=dict)
    pull_requests: dict[int, FakePullRequest] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    """As they came, oldest first, each with its ``sha``."""
    check_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    """As they are now, by id."""

    def commit(self, ref: str) -> FakeCommit | None:
        """By hash, or in a real repository by any name."""
        if ref in self.commits:
            return self.commits[ref]
        return self._from_git(ref) if self.git is not None else None

    def last_statuses(self, sha: str) -> dict[str, str]:
        """State by context, as the commit's page shows it."""
        return {each["context"]: each["state"] for each in self.statuses if each["sha"] == sha}

    def _from_git(self, ref: str) -> FakeCommit | None:
        what = f"{ref}^{{commit}}"
        name = _git(self.git, "rev-parse", "--verify", "--quiet", "--end-of-options", what)
        if name is None:
            return None
        sha = name.decode().strip()
        said = _git(self.git, "log", "-1", "--format=%an%n%B", sha) or b"\n"
        author, _, message = said.decode(errors="replace").partition("\n")
        names = (_git(self.git, "ls-tree", "-r", "-z", "--name-only", sha) or b"").split(b"\0")
        files = {}
        for path in names:
            content = _git(self.git, "cat-file", "blob", f"{sha}:{path.decode()}") if path else None
            if content is not None:
                files[path.decode()] = content
        # A commit never changes, and each status asks for it.
        return self.commits.setdefault(sha, FakeCommit(sha, files, message.strip(), author))


def _git(folder: Path | None, *words: str) -> bytes | None:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class FakeToken:
    """``installation`` None: a person's own token, which sees all repositories."""

    installation: int | None
    expires_at: datetime | None
    permissions: dict[str, str]
    repository_ids: frozenset[int] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """What GitHub says of it beside ``GET /user``."""


ALL_RIGHTS = {
    "checks": "write",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
    "statuses": "write",
}


@dataclass
class World:
    """``now`` is the fake's clock. ``app``: id and public key (PEM) of the App."""

    now: Callable[[], datetime]
    app: tuple[str, str] | None = None
    repositories: dict[str, FakeRepository] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """Old names by new ones' side: ``renamed[old] = new``; asked by the old one it redirects."""
    tokens: dict[str, FakeToken] = field(default_factory=dict)
    app_settings: dict[str, Any] = field(
        default_factory=lambda: {
            "permissions": dict(ALL_RIGHTS),
            "events": ["push", "pull_request", "check_run", "check_suite", "repository"],
        }
    )
    """What the App asks for; installations agree to it."""
    app_hook: dict[str, Any] = field(
        default_factory=lambda: {"url": "https://ci.example.com/webhooks/github"}
    )
    installations: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What is special of an installation, by its id."""
    token_life: timedelta = timedelta(hours=1)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    def next_id(self) -> int:
        """A number that nothing else has."""
        return next(self._ids)

    def repository(self, name: str, **details: Any) -> FakeRepository:
        """Make one."""
        made = FakeRepository(self.next_id(), name, **details)
        self.repositories[name.lower()] = made
        return made

    def found(self, owner: str, name: str) -> FakeRepository | None:
        """By its present name, in any case."""
        return self.repositories.get(f"{owner}/{name}".lower())

    def by_id(self, repository_id: int) -> FakeRepository | None:
        """By what stays when it is renamed."""
        return next((r for r in self.repositories.values() if r.id == repository_id), None)

    def installed(self, installation: int) -> list[FakeRepository]:
        """What an installation sees."""
        return [r for r in self.repositories.values() if r.installation == installation]

    def personal_token(self, permissions: dict[str, str] | None = None, **headers: str) -> str:
        """A person's own token."""
        told = {name.replace("_", "-"): text for name, text in headers.items()}
        token = FakeToken(None, None, permissions or ALL_RIGHTS, headers=told)
        return self._keep("ghp_", token)

    def installation_token(
        self,
        installation: int,
        permissions: dict[str, str] | None,
        repository_ids: frozenset[int] | None,
    ) -> tuple[str, FakeToken]:
        """A new token of an installation."""
        token = FakeToken(
            installation, self.now() + self.token_life, permissions or ALL_RIGHTS, repository_ids
        )
        return self._keep("ghs_", token), token

    def _keep(self, prefix: str, token: FakeToken) -> str:
        text = prefix + secrets.token_hex(18)
        self.tokens[text] = token
        return text
