"""The one way in to what the service does. Each method is a use case in a module of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.evidence import Stop
from chalicelib.domain.job import Job
from chalicelib.domain.project import Project
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import ApiToken, JobFilter, JobPage, RegistryLogin, Scope, TryLater
from chalicelib.project_port import Slots
from chalicelib.usecases import access, projects
from chalicelib.usecases.build_dispatcher import BuildDispatcher
from chalicelib.usecases.cancel import cancel
from chalicelib.usecases.claim import ClaimRequest, claim
from chalicelib.usecases.context import about
from chalicelib.usecases.errors import UnknownJob
from chalicelib.usecases.github_dispatcher import GitHubDispatcher
from chalicelib.usecases.heartbeat import HeartbeatRequest, heartbeat
from chalicelib.usecases.launch import launch
from chalicelib.usecases.launch_message import take_message
from chalicelib.usecases.observe_stop import observe_stop
from chalicelib.usecases.read_log import Links, LogPart, link_to_log, read_log
from chalicelib.usecases.reap import ReapSummary, reap
from chalicelib.usecases.report import ReportRequest, report
from chalicelib.usecases.rerun import rerun
from chalicelib.usecases.submit import submit

if TYPE_CHECKING:
    from chalicelib.usecases.costs import CostPart


class Dispatcher(BuildDispatcher, GitHubDispatcher):
    """What can be asked of one deployment. Holds no state of its own; safe to share by threads."""

    @property
    def backend_name(self) -> str:
        """What starts the containers: ``ecs``, ``docker`` or ``process``."""
        return self.collaborators.backend.name

    # --- jobs --------------------------------------------------------------------------------

    def submit(
        self,
        spec: JobSpec,
        *,
        submitted_by: str,
        idempotency_key: str | None = None,
        restricted: bool = False,
    ) -> Job:
        """Accept a job; see ``usecases.submit``."""
        return submit(
            self.collaborators,
            spec,
            submitted_by=submitted_by,
            idempotency_key=idempotency_key,
            restricted=restricted,
        )

    def get(self, job_id: str) -> Job:
        """The job by a consistent read. Raises ``UnknownJob``."""
        job = self.collaborators.store.get(job_id)
        if job is None:
            raise UnknownJob(job_id)
        return job

    def list(self, query: JobFilter) -> JobPage:
        """Jobs, newest first, a page at a time. Raises ``ValueError`` on a bad cursor."""
        return self.collaborators.store.list(query)

    def costs(
        self, *, since: datetime, project: str | None = None, cursor: str | None = None
    ) -> CostPart:
        """What jobs cost by project, a part at a time; see ``usecases.costs``."""
        from chalicelib.usecases.costs import costs

        return costs(self.collaborators, since=since, project=project, cursor=cursor)

    def cancel(self, job_id: str) -> Job:
        """Ask for the job's end; see ``usecases.cancel``."""
        with about(job_id):
            return cancel(self.collaborators, job_id)

    def rerun(self, job_id: str, *, submitted_by: str, idempotency_key: str | None = None) -> Job:
        """Run its spec again as a new job; see ``usecases.rerun``."""
        with about(job_id):
            return rerun(
                self.collaborators,
                job_id,
                submitted_by=submitted_by,
                idempotency_key=idempotency_key,
            )

    def read_log(
        self,
        job_id: str,
        *,
        attempt: int | None = None,
        offset: int = 0,
        limit: int = 1 << 20,
        links: Links = Links.NONE,
    ) -> LogPart:
        """A part of its log, or a link to it; see ``usecases.read_log``."""
        with about(job_id):
            return read_log(
                self.collaborators,
                job_id,
                attempt=attempt,
                offset=offset,
                limit=limit,
                links=links,
            )

    @property
    def has_log_links(self) -> bool:
        """Whether readers of logs can reach where they are kept."""
        return self.collaborators.logs.has_links

    def link_to_log(self, job_id: str, *, attempt: int | None = None, offset: int = 0) -> LogPart:
        """The object that holds a part of its log; see ``usecases.read_log``."""
        with about(job_id):
            return link_to_log(self.collaborators, job_id, attempt=attempt, offset=offset)

    # --- the queue, the runner, the engine, the clock ----------------------------------------

    def take_message(self, body: str) -> TryLater | None:
        """Launch what a message on the launch queue asks for; see ``usecases.launch_message``."""
        with about(body[:64]):
            return take_message(self.collaborators, body)

    def launch(self, job_id: str) -> None:
        """Start the job's task; see ``usecases.launch``."""
        with about(job_id):
            launch(self.collaborators, job_id)

    def claim(self, request: ClaimRequest) -> dict[str, Any]:
        """Give a runner its job; see ``usecases.claim``."""
        with about(request.job_id):
            return claim(self.collaborators, request)

    def heartbeat(self, request: HeartbeatRequest) -> dict[str, Any]:
        """Renew a runner's lease; see ``usecases.heartbeat``."""
        with about(request.job_id):
            return heartbeat(self.collaborators, request)

    def report(self, request: ReportRequest) -> None:
        """Take the first witness's word; see ``usecases.report``."""
        with about(request.job_id):
            report(self.collaborators, request)

    def observe_stop(self, job_id: str, attempt: int, stop: Stop) -> Job | None:
        """Take the second witness's word; see ``usecases.observe_stop``."""
        with about(job_id):
            return observe_stop(self.collaborators, job_id, attempt, stop)

    def reap(self) -> ReapSummary:
        """Repair what lost events broke; see ``usecases.reap``."""
        from chalicelib.usecases.reap_builds import reap_builds
        from chalicelib.usecases.schedules import start_due

        summary = reap(self.collaborators)
        start_due(self.collaborators)
        reap_builds(self.collaborators)
        return summary

    # --- projects ----------------------------------------------------------------------------

    def put_project(self, name: str, changes: Mapping[str, Any]) -> tuple[Project, bool]:
        """Register a project or change its settings; see ``usecases.projects``."""
        return projects.set_project(self.collaborators, name, changes)

    def project(self, name: str) -> Project:
        """Its settings by a consistent read. Raises ``UnknownProject``."""
        return projects.get_project(self.collaborators, name)

    def projects(self) -> Sequence[Project]:
        """All that are registered, by name."""
        return self.collaborators.projects.all()

    def remove_project(self, name: str) -> None:
        """Forget a project's settings. Raises ``UnknownProject``."""
        projects.remove_project(self.collaborators, name)

    def canonical_name(self, project: str) -> str:
        """The name that the jobs of a registered project have."""
        return projects.canonical_name(self.collaborators, project)

    def slots(self, project: str) -> Slots:
        """Which of its jobs run, where their number is limited."""
        return self.collaborators.slots.read(project)

    # --- who may ask, and projects' secrets --------------------------------------------------

    def create_token(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        expires_in_s: float | None = None,
        project: str | None = None,
    ) -> tuple[ApiToken, str]:
        """A new bearer token and its text, shown this once; see ``usecases.access``."""
        return access.create_token(
            self.collaborators, name, scopes, expires_in_s=expires_in_s, project=project
        )

    def check_token(self, text: str) -> ApiToken | None:
        """The token of this text if it is good; see ``usecases.access``."""
        return access.check_token(self.collaborators, text)

    def tokens(self) -> Sequence[ApiToken]:
        """All tokens, without what only their owners have."""
        return self.collaborators.tokens.all()

    def revoke_token(self, token_id: str) -> bool:
        """Remove a token; False when there was none. It may work on for the cache's 30 s."""
        return self.collaborators.tokens.remove(token_id)

    def put_secret(self, project: str, name: str, value: str) -> None:
        """Keep a secret. Raises ``ValueError`` when it can't be one."""
        self.collaborators.secrets.put(project, name, value)

    def secret_names(self, project: str) -> Sequence[str]:
        """A project's secrets by name; values are never given back."""
        return self.collaborators.secrets.names(project)

    def put_registry_credentials(self, name: str, login: RegistryLogin) -> None:
        """Keep a login for private job images. Raises ``ValueError`` when it can't be one."""
        self.collaborators.registries.put(name, login)

    def registry_credentials(self) -> dict[str, str]:
        """The registry that each name is for; passwords are never given back."""
        return self.collaborators.registries.all()

    def delete_registry_credentials(self, name: str) -> bool:
        """Forget a login; False when there was none."""
        return self.collaborators.registries.delete(name)

    def delete_secret(self, project: str, name: str) -> bool:
        """Forget a secret; False when there was none."""
        return self.collaborators.secrets.delete(project, name)
