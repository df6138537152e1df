"""The token that a build's checkout shows: the project's own, or the App's for this repository."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.build_ports import BuildSide
from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.checkout import Checkout
from chalicelib.domain.job import Job
from chalicelib.domain.project import Project
from chalicelib.domain.trust import may_have_checkout_token
from chalicelib.ports import CheckoutToken, CheckoutTokens, NoCheckoutToken, ServiceTrouble
from chalicelib.project_port import ProjectStore, ProjectTokens
from chalicelib.usecases.checkout_tokens import USERNAME, token_of


@dataclass(frozen=True, slots=True)
class GitHubTokens:
    """``CheckoutTokens``. The first that there is, of:

    - the secret that the checkout names, by ``others``;
    - the token that the project keeps for its checkouts, for its own repository alone;
    - the App's, for a job of a build: it may read the repository that the change is meant for, and
      nothing else, and it ends within the hour. A stranger's change has it, too.
    """

    builds: BuildSide
    projects: ProjectStore
    own: ProjectTokens
    others: CheckoutTokens

    def token(self, job: Job, checkout: Checkout) -> CheckoutToken | None:
        """One more request to SSM or GitHub. Raises ``NoCheckoutToken`` and ``ServiceTrouble``."""
        if checkout.token_secret is not None:
            return self.others.token(job, checkout)
        project = self.projects.find(job.project)
        if project is None:
            return None
        build = None if job.build is None else self.builds.store.get(job.build)
        keeps_one = project.checkout_token_at is not None and self._is_own(project, checkout)
        if keeps_one and may_have_checkout_token(project, restricted=job.restricted):
            return self._of_project(project)
        found = None if build is None else self._of_app(project, build, checkout)
        if found is None and keeps_one and build is not None and build.private:
            raise NoCheckoutToken(
                f"{project.name} is private, and a job of a fork is not given its checkout token: "
                "whoever may, allows it with 'towline project set NAME --fork-checkout yes'"
            )
        return found

    def _of_project(self, project: Project) -> CheckoutToken:
        value = self.own.get(project.name)
        if not value:
            raise NoCheckoutToken(
                f"the checkout token of {project.name} is gone: store it again with "
                "'towline project set NAME --checkout-token -', then run the job again"
            )
        return token_of(value)

    def _is_own(self, project: Project, checkout: Checkout) -> bool:
        """Whoever submits a job names its address; the token is for no other than the project's."""
        from chalicelib.github.client.errors import GitHubError

        try:
            own = self.builds.github.site().clone_url(project.present_repository)
        except GitHubError:
            return False
        shown = checkout.repository_url.rstrip("/").removesuffix(".git").lower()
        return shown == own.removesuffix(".git").lower()

    def _of_app(
        self, project: Project, build: BuildRecord, checkout: Checkout
    ) -> CheckoutToken | None:
        from chalicelib.github.client.errors import GitHubError, TryLater

        installation_id = project.installation_id or build.installation_id
        try:
            github = self.builds.github.github()
            ours = urlsplit(github.site.web_url).netloc == urlsplit(checkout.repository_url).netloc
            if installation_id is None or github.key is None or not ours:
                return None
            made = github.checkout_token(installation_id, build.repository_id)
        except TryLater as later:
            raise ServiceTrouble(str(later)) from None
        except GitHubError as trouble:
            raise NoCheckoutToken(f"GitHub gave no token for the checkout: {trouble}") from None
        return CheckoutToken(USERNAME, made.token.get_secret_value())
