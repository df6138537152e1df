"""The front: a GitHub by App or by plain token, and what can be asked of it.

One ``GitHub`` is made per process; ``for_installation`` and ``for_token`` give what a project's
calls go through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import SecretStr

from chalicelib.github.client.access import Access, Bearer
from chalicelib.github.client.answers import Known, ListedRepository, read, read_list
from chalicelib.github.client.app_key import AppKey
from chalicelib.github.client.call import Call
from chalicelib.github.client.errors import BadCredentials, NotFound
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.paths import of_repository
from chalicelib.github.client.reports import Reports
from chalicelib.github.client.repositories import Repositories
from chalicelib.github.client.site import Site
from chalicelib.github.client.tokens import AppTokens, InstallationAccess, InstallationToken

PAGES = 100


class _Installation(Known):
    id: int


@dataclass(frozen=True, slots=True)
class Project:
    """What can be done for one repository: ``read`` and ``report``. ``checks``: may it make check
    runs, or only statuses."""

    read: Repositories
    report: Reports
    checks: bool


@dataclass
class GitHub:
    """``key`` is the App's; without it there are plain tokens only."""

    exchange: Exchange
    key: AppKey | None = None
    _tokens: AppTokens | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.key is not None:
            self._tokens = AppTokens(self.key, self.exchange, self.exchange.now)

    @property
    def site(self) -> Site:
        """Where its pages and repositories are."""
        return self.exchange.site

    def for_installation(self, installation_id: int) -> Project:
        """As the App, where it is installed. Asks nothing yet. Raises ``BadCredentials``."""
        access = InstallationAccess(self._app(), installation_id)
        return self._project(access, checks=True)

    def app_access(self) -> Access:
        """As the App itself, which may only ask about itself. Raises ``BadCredentials``."""
        return self._app().as_app()

    def for_token(self, token: SecretStr, who: str) -> Project:
        """With somebody's token; ``who`` names it in logs, such as the project's name.

        Raises ``BadCredentials``.
        """
        return self._project(Bearer(token, f"the token of {who}"), checks=False)

    def anonymous(self) -> Project:
        """Without a token: public repositories, 60 requests an hour for all."""
        return self._project(Bearer(None, "nobody"), checks=False)

    def checkout_token(self, installation_id: int, repository_id: int) -> InstallationToken:
        """For one job: reads this repository's contents, for an hour. Raises ``GitHubError``.

        There is none for a plain token: that one can do all that its owner can, and a job never
        sees it.
        """
        return self._app().for_checkout(installation_id, repository_id)

    def installation_of(self, name: str) -> int | None:
        """Which installation sees the repository; None when the App is not installed there."""
        call = Call("GET", "/repos/{owner}/{repo}/installation", of_repository(name))
        try:
            answer = self.exchange.ask(call, self._app().as_app())
        except NotFound:
            return None
        return read(_Installation, answer.data).id

    def repositories_of(self, installation_id: int) -> Iterator[ListedRepository]:
        """All that the installation may see, page by page. Raises ``GitHubError``."""
        access = InstallationAccess(self._app(), installation_id)
        call = Call("GET", "/installation/repositories{?per_page}", {"per_page": "100"})
        answer = self.exchange.ask(call, access)
        for _ in range(PAGES):
            yield from read_list(ListedRepository, answer.data, "repositories")
            if answer.next_url is None:
                return
            answer = self.exchange.ask_next(answer.next_url, call, access)

    def _project(self, access: Access, *, checks: bool) -> Project:
        return Project(
            Repositories(self.exchange, access), Reports(self.exchange, access), checks=checks
        )

    def _app(self) -> AppTokens:
        if self._tokens is None:
            raise BadCredentials(
                "no GitHub App is configured: give its id and private key, or use a plain token"
            )
        return self._tokens
