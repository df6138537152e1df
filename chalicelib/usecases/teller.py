"""Tells GitHub of one name of a build: a check run where an App may make one, else a status."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.build_ports import Sent
from chalicelib.domain.build_record import BuildRecord
from chalicelib.github.check_runs import build_check, job_check
from chalicelib.github.client.github import Project as Client
from chalicelib.github.statuses import build_status, job_status
from chalicelib.github.told import BuildTold, JobTold
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.build_side import client_of
from chalicelib.usecases.build_told import BUILD, build_told, job_told, prefix_of
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownAttempt, UnknownJob
from chalicelib.usecases.read_log import read_log
from chalicelib.usecases.view_keys import Viewed, view_url

TAIL_BYTES = 48 << 10

log = logging.getLogger("towline.usecases")


@dataclass
class Told:
    """What was told so far: names, and the ids of new check runs."""

    unsure: bool = False
    owners: bool = False
    """What is not told is the project's owner to mend, nobody else."""
    names: list[str] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)

    def marks_of(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The marks of what was told."""
        return {name: wanted[name] for name in self.names}


@dataclass(frozen=True, slots=True)
class Teller:
    """For one pass. ``client`` asks as the project does."""

    co: Collaborators
    build: BuildRecord
    sent: Sent
    client: Client

    @classmethod
    def of(cls, co: Collaborators, build: BuildRecord, sent: Sent) -> Teller:
        """Raises ``GitHubError`` and ``ServiceTrouble``."""
        project = co.projects.find(build.project)
        return cls(co, build, sent, client_of(co, project, build.project, build.installation_id))

    def tell(self, name: str, told: Told) -> None:
        """Say how it stands, and note that. Raises ``GitHubError``."""
        build, prefix = self.build, prefix_of(self.build)
        what: JobTold | BuildTold
        payload: dict[str, Any]
        if name == BUILD:
            what = build_told(build, self._link)
            payload = (build_check if self.client.checks else build_status)(what, prefix)
        else:
            what = self._job(name)
            payload = (job_check if self.client.checks else job_status)(what, prefix)
        if BUILD in self.sent.marks:
            # GitHub adds annotations up, so they are sent once.
            payload.get("output", {}).pop("annotations", None)
        if self.client.checks:
            told.checks[name] = self._check(name, what.id, payload)
        else:
            self.client.report.set_status(build.repository_name, build.sha, payload)
        told.names.append(name)

    def _check(self, name: str, external_id: str, payload: dict[str, Any]) -> int:
        report, repository = self.client.report, self.build.repository_name
        known = self.sent.checks.get(name)
        if known is None and self.sent.unsure:
            run = report.find_check_run(repository, self.build.sha, payload["name"], external_id)
            known = run.id if run is not None else None
        if known is None:
            return report.create_check_run(repository, self.build.sha, payload).id
        return report.update_check_run(repository, known, payload).id

    def _job(self, name: str) -> JobTold:
        entry = self.build.jobs[name]
        job = tail = None
        if entry.job_id is not None and entry.over and self.client.checks:
            job = self.co.store.get(entry.job_id)
            tail = self._tail(entry.job_id) if job is not None and job.attempts else None
        return job_told(self.build, name, job, tail or "", self._link)

    def _link(self, kind: Viewed, what: str) -> str:
        public_url = self.co.settings.pages_url or self.co.settings.public_url
        return view_url(public_url, self.co.server_key.key(), kind, what) if public_url else ""

    def _tail(self, job_id: str) -> str:
        """The log's end. A log that can't be read now keeps no verdict back."""
        try:
            job = self.co.store.get(job_id)
            attempt = job.current if job is not None else None
            size = attempt.report.log.bytes if attempt is not None and attempt.report else 0
            begin = max(0, size - TAIL_BYTES)
            part = read_log(self.co, job_id, attempt=None, offset=begin, limit=TAIL_BYTES)
        except (ServiceTrouble, UnknownJob, UnknownAttempt) as trouble:
            log.warning("the log of job %s is not told: %s", job_id, trouble)
            return ""
        return part.data.decode("utf-8", "replace")
