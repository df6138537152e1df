"""The jobs that a deployment has not finished: found, cancelled, and waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.ports import ServiceTrouble
from towline.deploy.aws_words import aws_calls, code_of
from towline.deploy.errors import DeployError, DeployFailed

if TYPE_CHECKING:
    from chalicelib.domain.job import Job
    from chalicelib.usecases.dispatcher import Dispatcher
    from towline.deploy.account import Account
    from towline.deploy.progress import Progress
    from towline.deploy.timing import Timing

MAX_FOUND = 1000
TASKS_A_CALL = 100
EVER = datetime(9999, 1, 1, tzinfo=UTC)
TASKS_END_WITHIN = timedelta(minutes=5)
"""Two minutes from TERM to KILL at most, and a minute or so to take the network down."""
VERDICTS_COME_WITHIN = timedelta(minutes=1)
"""After the last task is gone its stop event is on its way to the status function."""


@dataclass(frozen=True, slots=True)
class OpenJobs:
    account: Account
    service: Dispatcher
    cluster: str
    progress: Progress
    timing: Timing

    def unfinished(self) -> Sequence[Job]:
        """Up to ``MAX_FOUND`` jobs that are queued, starting or running; the oldest due first."""
        try:
            # Only unfinished jobs have a time at which the reaper looks at them.
            return self.service.collaborators.store.due(EVER, MAX_FOUND)
        except ServiceTrouble as trouble:
            raise DeployError(f"{trouble}; whether jobs run can't be told") from trouble

    def end(self) -> None:
        """Cancel every job, stop every task, and wait until both are over.

        Raises ``DeployFailed`` when tasks go on running: nothing may be deleted under them. Jobs
        whose verdict does not come are left to the reaper of the next deploy.
        """
        cancelled: set[str] = set()
        stopping: set[str] = set()
        began = self.timing.now()
        alone_since: datetime | None = None
        while True:
            running = self._running_tasks()
            # Cancelled before its task is stopped: or the job would end by our doing alone.
            jobs = self._cancel(cancelled)
            stopping |= self._stop(running)
            tasks = self._not_stopped_yet(stopping)
            if not tasks and not jobs:
                return
            now = self.timing.now()
            if tasks and now - began > TASKS_END_WITHIN:
                raise DeployFailed(
                    f"{len(tasks)} task(s) of the cluster {self.cluster} still run "
                    f"{TASKS_END_WITHIN.seconds // 60} minutes after they were told to stop; "
                    "nothing was deleted. Repeat the command"
                )
            alone_since = None if tasks else alone_since or now
            if alone_since is not None and now - alone_since > VERDICTS_COME_WITHIN:
                self.progress.warn(
                    f"{len(jobs)} cancelled job(s) have no verdict yet; a later deploy gives it"
                )
                return
            self.timing.sleep(self.timing.poll_s)

    def _cancel(self, cancelled: set[str]) -> Sequence[Job]:
        jobs = self.unfinished()
        for job in jobs:
            if job.id not in cancelled:
                self.progress.say(f"cancelling job {job.id} ({job.state.value})")
                try:
                    self.service.cancel(job.id)
                except ServiceTrouble as trouble:
                    raise DeployFailed(f"{trouble}; nothing was deleted") from trouble
                cancelled.add(job.id)
        return jobs

    def _running_tasks(self) -> set[str]:
        """Every task of the cluster that nobody has told to stop."""
        found: set[str] = set()
        if not self.cluster:
            return found
        with aws_calls(f"list the tasks of the cluster {self.cluster}", begun=True):
            try:
                pages = self.account.ecs().get_paginator("list_tasks")
                for page in pages.paginate(cluster=self.cluster):
                    found.update(page["taskArns"])
            except ClientError as error:
                if code_of(error) != "ClusterNotFoundException":
                    raise
        return found

    def _stop(self, tasks: set[str]) -> set[str]:
        with aws_calls(f"stop the tasks of the cluster {self.cluster}", begun=True):
            for task in tasks:
                self.account.ecs().stop_task(
                    cluster=self.cluster, task=task, reason="towline destroy"
                )
        return tasks

    def _not_stopped_yet(self, tasks: set[str]) -> list[str]:
        """Until it is STOPPED a task counts in its cluster, and its network can't be deleted."""
        left: list[str] = []
        ordered = sorted(tasks)
        with aws_calls(f"read the tasks of the cluster {self.cluster}", begun=True):
            for start in range(0, len(ordered), TASKS_A_CALL):
                answer = self.account.ecs().describe_tasks(
                    cluster=self.cluster, tasks=ordered[start : start + TASKS_A_CALL]
                )
                left += [t["taskArn"] for t in answer["tasks"] if t["lastStatus"] != "STOPPED"]
        return left
