"""What is asked about a repository: itself, a file, a commit, a pull request, what changed.

Repositories are named ``owner/repo``. All calls may be repeated; each raises ``GitHubError``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.github.client.access import Access
from chalicelib.github.client.answers import (
    ChangedFile,
    Commit,
    Comparison,
    KnownRepository,
    Permission,
    PullRequest,
    read,
    read_list,
)
from chalicelib.github.client.call import RAW_FORM, Call
from chalicelib.github.client.errors import NotFound
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.paths import of_repository

MOST_FILE_BYTES = 1 << 20
"""A repository's file that is larger is not one."""
MOST_COMPARED = 300
"""GitHub compares, but lists no more files:
https://docs.github.com/en/rest/commits/commits#compare-two-commits"""
PAGES = 10
"""Of 100 files each. A pull request with more counts as changing everything."""


@dataclass(frozen=True, slots=True)
class Repositories:
    """Reads with one access: ``contents: read``, ``metadata: read``, ``pull_requests: read``."""

    exchange: Exchange
    access: Access

    def repository(self, name: str) -> KnownRepository:
        """Its present name, id and default branch. ``NotFound``: not there, or not to be seen."""
        return read(KnownRepository, self._get("", name))

    def file(self, name: str, path: str, ref: str) -> bytes | None:
        """A file at a commit; None when that commit has none there.

        A commit that is not in the repository any more has no files either.
        https://docs.github.com/en/rest/repos/contents#get-repository-content
        """
        call = Call(
            "GET",
            "/repos/{owner}/{repo}/contents{/path*}{?ref}",
            {**of_repository(name), "path": path.split("/"), "ref": ref},
            accept=RAW_FORM,
            most=MOST_FILE_BYTES,
        )
        try:
            return bytes(self.exchange.ask(call, self.access).data)
        except NotFound:
            return None

    def commit(self, name: str, ref: str) -> Commit:
        """The commit that a ref or hash names, with its message."""
        return read(Commit, self._get("/commits/{ref}", name, ref=ref))

    def pull_request(self, name: str, number: int) -> PullRequest:
        """As it is now."""
        return read(PullRequest, self._get("/pulls/{number}", name, number=str(number)))

    def may_push(self, name: str, login: str) -> bool:
        """Whether somebody may write to it, by whatever role or team."""
        try:
            found = self._get("/collaborators/{username}/permission", name, username=login)
        except NotFound:
            return False
        return read(Permission, found).permission in ("write", "admin")

    def paths_of_pull_request(self, name: str, number: int) -> tuple[str, ...] | None:
        """Files that it changes, under old and new names; None when there are too many to list."""
        call = Call(
            "GET",
            "/repos/{owner}/{repo}/pulls/{number}/files{?per_page}",
            {**of_repository(name), "number": str(number), "per_page": "100"},
        )
        answer, files = self.exchange.ask(call, self.access), list[ChangedFile]()
        for _ in range(PAGES):
            files += read_list(ChangedFile, answer.data)
            if answer.next_url is None:
                return _paths(files)
            answer = self.exchange.ask_next(answer.next_url, call, self.access)
        return None

    def paths_between(self, name: str, base: str, head: str) -> tuple[str, ...] | None:
        """Files that differ from ``base`` to ``head``; None when GitHub can't tell all of them.

        It can't when ``base`` is gone, as after a forced push, or for more than 300 files.
        """
        try:
            found = read(
                Comparison, self._get("/compare/{basehead}", name, basehead=f"{base}...{head}")
            )
        except NotFound:
            return None
        if found.files is None or len(found.files) >= MOST_COMPARED:
            return None
        return _paths(found.files)

    def _get(self, rest: str, name: str, **values: str) -> object:
        call = Call("GET", "/repos/{owner}/{repo}" + rest, {**of_repository(name), **values})
        return self.exchange.ask(call, self.access).data


def _paths(files: Iterable[ChangedFile]) -> tuple[str, ...]:
    found = {each.filename for each in files}
    return tuple(
        sorted(found | {each.previous_filename for each in files if each.previous_filename})
    )
