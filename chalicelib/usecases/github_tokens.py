"""The token that a build's checkout shows: the App's, for this one repository, to read."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.build_ports import BuildSide
from chalicelib.domain.checkout import Checkout
from chalicelib.domain.job import Job
from chalicelib.ports import CheckoutToken, CheckoutTokens, NoCheckoutToken, ServiceTrouble
from chalicelib.project_port import ProjectStore
from chalicelib.usecases.checkout_tokens import USERNAME


@dataclass(frozen=True, slots=True)
class GitHubTokens:
    """``CheckoutTokens``: of jobs that builds made, where the App is installed; else ``others``.

    A restricted job has one, too: it may read the repository that the change is meant for, and
    nothing else, and it ends within the hour.
    """

    builds: BuildSide
    projects: ProjectStore
    others: CheckoutTokens

    def token(self, job: Job, checkout: Checkout) -> CheckoutToken | None:
        """One more request to GitHub. Raises ``NoCheckoutToken`` and ``ServiceTrouble``."""
        if job.build is None or checkout.token_secret is not None:
            return self.others.token(job, checkout)
        build = self.builds.store.get(job.build)
        project = self.projects.find(job.project)
        if build is None or project is None:
            return None
        return self._of_app(
            project.installation_id or build.installation_id, build.repository_id, checkout
        )

    def _of_app(
        self, installation_id: int | None, repository_id: int, checkout: Checkout
    ) -> CheckoutToken | None:
        from chalicelib.github.client.errors import GitHubError, TryLater

        try:
            github = self.builds.github.github()
            ours = urlsplit(github.site.web_url).netloc == urlsplit(checkout.repository_url).netloc
            if installation_id is None or github.key is None or not ours:
                return None
            made = github.checkout_token(installation_id, repository_id)
        except TryLater as later:
            raise ServiceTrouble(str(later)) from None
        except GitHubError as trouble:
            raise NoCheckoutToken(f"GitHub gave no token for the checkout: {trouble}") from None
        return CheckoutToken(USERNAME, made.token.get_secret_value())
