"""The one way in to what the service does. Each method is a use case in a module of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.domain.evidence import Stop
from chalicelib.domain.job import Job
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import ApiToken, JobFilter, JobPage, Scope
from chalicelib.usecases import access
from chalicelib.usecases.cancel import cancel
from chalicelib.usecases.claim import ClaimRequest, claim
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.context import about
from chalicelib.usecases.errors import UnknownJob
from chalicelib.usecases.heartbeat import HeartbeatRequest, heartbeat
from chalicelib.usecases.launch import launch
from chalicelib.usecases.launch_message import take_message
from chalicelib.usecases.observe_stop import observe_stop
from chalicelib.usecases.read_log import LogPart, read_log
from chalicelib.usecases.reap import ReapSummary, reap
from chalicelib.usecases.report import ReportRequest, report
from chalicelib.usecases.rerun import rerun
from chalicelib.usecases.submit import submit


class Dispatcher:
    """What can be asked of one deployment. Holds no state of its own; safe to share by threads."""

    def __init__(self, collaborators: Collaborators) -> None:
        self.collaborators = collaborators

    @property
    def backend_name(self) -> str:
        """What starts the containers: ``ecs``, ``docker`` or ``process``."""
        return self.collaborators.backend.name

    # --- jobs --------------------------------------------------------------------------------

    def submit(
        self, spec: JobSpec, *, submitted_by: str, idempotency_key: str | None = None
    ) -> Job:
        """Accept a job; see ``usecases.submit``."""
        return submit(
            self.collaborators, spec, submitted_by=submitted_by, idempotency_key=idempotency_key
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
        self, job_id: str, *, attempt: int | None = None, offset: int = 0, limit: int = 1 << 20
    ) -> LogPart:
        """A part of its log; see ``usecases.read_log``."""
        with about(job_id):
            return read_log(self.collaborators, job_id, attempt=attempt, offset=offset, limit=limit)

    # --- the queue, the runner, the engine, the clock ----------------------------------------

    def take_message(self, body: str) -> None:
        """Launch what a message on the launch queue asks for; see ``usecases.launch_message``."""
        with about(body[:64]):
            take_message(self.collaborators, body)

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
        return reap(self.collaborators)

    # --- who may ask, and projects' secrets --------------------------------------------------

    def create_token(
        self, name: str, scopes: Iterable[Scope], *, expires_in_s: float | None = None
    ) -> tuple[ApiToken, str]:
        """A new bearer token and its text, shown this once; see ``usecases.access``."""
        return access.create_token(self.collaborators, name, scopes, expires_in_s=expires_in_s)

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

    def delete_secret(self, project: str, name: str) -> bool:
        """Forget a secret; False when there was none."""
        return self.collaborators.secrets.delete(project, name)
