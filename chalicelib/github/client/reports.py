"""What is told to GitHub of a commit: statuses and check runs.

Only an App may make check runs; statuses can be set with any token that may
(``repo:status``, or ``statuses: write``). Each call raises ``GitHubError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.github.client.access import Access
from chalicelib.github.client.answers import (
    CheckRunAnswer,
    CommitStatusAnswer,
    read,
    read_list,
)
from chalicelib.github.client.call import Call
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.paths import of_repository

PAGES = 10


@dataclass(frozen=True, slots=True)
class Reports:
    """Writes with one access: ``checks: write`` or ``statuses: write``."""

    exchange: Exchange
    access: Access

    def set_status(self, name: str, sha: str, status: Mapping[str, Any]) -> CommitStatusAnswer:
        """Set what ``statuses.commit_status`` made. The last one of a context counts.

        May be repeated: a second one of the same says the same. GitHub takes 1,000 for a commit and
        context: https://docs.github.com/en/rest/commits/statuses#create-a-commit-status
        """
        call = Call(
            "POST",
            "/repos/{owner}/{repo}/statuses/{sha}",
            {**of_repository(name), "sha": sha},
            body=dict(status),
        )
        return read(CommitStatusAnswer, self.exchange.ask(call, self.access).data)

    def create_check_run(self, name: str, sha: str, run: Mapping[str, Any]) -> CheckRunAnswer:
        """Make what ``check_runs.check_run`` made. A second call makes a second run.

        So it is not repeated by itself: after a ``TryLater`` that is ``maybe_done``, call
        ``find_check_run`` first.
        """
        call = Call(
            "POST",
            "/repos/{owner}/{repo}/check-runs",
            of_repository(name),
            body={**run, "head_sha": sha},
            repeatable=False,
        )
        return read(CheckRunAnswer, self.exchange.ask(call, self.access).data)

    def update_check_run(self, name: str, run_id: int, run: Mapping[str, Any]) -> CheckRunAnswer:
        """Say what is true now. May be repeated, but for annotations, which GitHub adds up."""
        call = Call(
            "PATCH",
            "/repos/{owner}/{repo}/check-runs/{run}",
            {**of_repository(name), "run": str(run_id)},
            body=dict(run),
        )
        return read(CheckRunAnswer, self.exchange.ask(call, self.access).data)

    def find_check_run(
        self, name: str, sha: str, run_name: str, external_id: str
    ) -> CheckRunAnswer | None:
        """The check run with our own id, when there is one. May be repeated."""
        call = Call(
            "GET",
            "/repos/{owner}/{repo}/commits/{sha}/check-runs{?check_name,filter,per_page}",
            {
                **of_repository(name),
                "sha": sha,
                "check_name": run_name,
                "filter": "all",
                "per_page": "100",
            },
        )
        answer = self.exchange.ask(call, self.access)
        for _ in range(PAGES):
            for run in read_list(CheckRunAnswer, answer.data, "check_runs"):
                if run.external_id == external_id:
                    return run
            if answer.next_url is None:
                return None
            answer = self.exchange.ask_next(answer.next_url, call, self.access)
        return None
