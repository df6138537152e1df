"""What an operator asks about GitHub: its keys, whether they work, projects' checkout tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.usecases.collaborators import Collaborators

if TYPE_CHECKING:
    from chalicelib.domain.project import Project
    from chalicelib.usecases.github_check import Finding


class GitHubDispatcher:
    """A part of ``Dispatcher``. What is not about a project's token may raise ``NoBuilds``."""

    collaborators: Collaborators

    @property
    def github_url(self) -> str:
        """GitHub's address, as it was configured."""
        return self.collaborators.settings.github_url or "https://github.com"

    def github_keys(self) -> Mapping[str, datetime]:
        """Names of those that are set, and since when; values are never given back."""
        from chalicelib.usecases.github_keys import kept_keys

        return kept_keys(self.collaborators)

    def put_github_key(self, name: str, value: str) -> None:
        """Keep one. Raises ``UnknownKey`` and ``KeyRefused``; see ``usecases.github_keys``."""
        from chalicelib.usecases.github_keys import put_key

        put_key(self.collaborators, name, value)

    def remove_github_key(self, name: str) -> None:
        """Forget one. Raises ``UnknownKey``."""
        from chalicelib.usecases.github_keys import remove_key

        remove_key(self.collaborators, name)

    def finish_rotation(self) -> None:
        """Make the next webhook secret the only one. Raises ``UnknownKey``."""
        from chalicelib.usecases.github_keys import finish_rotation

        finish_rotation(self.collaborators)

    def check_github(self, project: str | None = None) -> Sequence[Finding]:
        """Try the keys, or what a project's builds go through; see ``usecases.github_check``."""
        if project is None:
            from chalicelib.usecases.github_check import check_github

            return list(check_github(self.collaborators))
        from chalicelib.usecases.github_project_check import check_project

        return list(check_project(self.collaborators, project))

    def put_checkout_token(self, project: str, value: str) -> Project:
        """Keep a project's own; see ``usecases.project_token``."""
        from chalicelib.usecases.project_token import put_checkout_token

        return put_checkout_token(self.collaborators, project, value)

    def remove_checkout_token(self, project: str) -> Project:
        """Forget it. Raises ``UnknownProject``."""
        from chalicelib.usecases.project_token import remove_checkout_token

        return remove_checkout_token(self.collaborators, project)
