"""``towline destroy``: the service goes, the data stays unless it is to go, too."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline.deploy import names
from towline.deploy.aws_words import aws_calls
from towline.deploy.data_removal import DELETED_BESIDE, DataRemoval
from towline.deploy.deployed_service import deployed_service
from towline.deploy.errors import DeployError
from towline.deploy.open_jobs import OpenJobs
from towline.deploy.operation import Stacks
from towline.deploy.stack import Resource, Stack, find_stack, resources
from towline.deploy.wanted_stacks import TABLE_OUTPUT

if TYPE_CHECKING:
    from chalicelib.domain.job import Job
    from towline.deploy.account import Account
    from towline.deploy.progress import Progress
    from towline.deploy.timing import Timing

CLUSTER_OUTPUT = "Cluster"


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is of a stage before anything of it is deleted."""

    service: Stack | None
    data: Stack | None
    data_resources: tuple[Resource, ...] = ()
    jobs: tuple[Job, ...] = ()
    """Unfinished ones."""

    @property
    def empty(self) -> bool:
        return self.service is None and self.data is None


@dataclass(frozen=True, slots=True)
class Destruction:
    """Everything may be repeated: what is gone already is passed over."""

    account: Account
    stage: str
    progress: Progress
    timing: Timing
    random_bytes: Callable[[int], bytes] = os.urandom

    def survey(self) -> Survey:
        """Look, and change nothing. Raises ``DeployError`` when a deploy is under way."""
        cfn = self.account.cloudformation()
        service = find_stack(cfn, names.service_stack(self.stage))
        data = find_stack(cfn, names.data_stack(self.stage))
        for stack in (service, data):
            if stack is not None and stack.in_progress and stack.status != "DELETE_IN_PROGRESS":
                raise DeployError(
                    f"the stack {stack.name} is in the state {stack.status}: a deploy is under "
                    "way, or one that was interrupted is still carried out. Repeat this command "
                    "when CloudFormation has ended it"
                )
        found = tuple(resources(cfn, data)) if data is not None and data.has_resources else ()
        jobs = self._jobs(service, data)
        return Survey(service, data, found, tuple(jobs.unfinished()) if jobs else ())

    def run(self, survey: Survey, *, force: bool, delete_data: bool) -> None:
        """Delete the service and, when asked to, its data. Raises ``DeployError``."""
        if survey.jobs and not force:
            raise DeployError(jobs_in_words(survey.jobs))
        if survey.jobs or force:
            jobs = self._jobs(survey.service, survey.data)
            if jobs is not None:
                jobs.end()
        stacks = Stacks(
            self.account.cloudformation(), self.stage, self.progress, self.timing, lambda: ""
        )
        if survey.service is not None:
            self.progress.say(f"deleting the stack {survey.service.name}")
            stacks.delete(survey.service)
        if survey.data is not None and delete_data:
            self._delete_data(survey.data, survey.data_resources, stacks)

    def _delete_data(self, data: Stack, found: Sequence[Resource], stacks: Stacks) -> None:
        removal = DataRemoval(self.account, self.stage, self.progress.say, self.timing)
        removal.delete(found)
        if data.is_protected:
            with aws_calls(f"let the stack {data.name} be deleted", begun=True):
                self.account.cloudformation().update_termination_protection(
                    StackName=data.id, EnableTerminationProtection=False
                )
        self.progress.say(f"deleting the stack {data.name}")
        skipped = [e for e in stacks.delete(data) if e.status == "DELETE_SKIPPED"]
        left = [e.logical_id for e in skipped if e.type not in DELETED_BESIDE]
        if left:
            self.progress.say(
                f"left in the account, as others may use them: {', '.join(sorted(set(left)))}"
            )

    def _jobs(self, service: Stack | None, data: Stack | None) -> OpenJobs | None:
        """None when there is no table to look into, or nothing that could run a job."""
        if service is None or data is None or TABLE_OUTPUT not in data.outputs:
            return None
        cluster = service.outputs.get(CLUSTER_OUTPUT, "")
        dispatcher = deployed_service(
            self.account,
            table=data.outputs[TABLE_OUTPUT],
            stage=self.stage,
            cluster=cluster,
            clock=self.timing.now,
            random_bytes=self.random_bytes,
        )
        return OpenJobs(self.account, dispatcher, cluster, self.progress, self.timing)


def jobs_in_words(jobs: Sequence[Job], *, shown: int = 10) -> str:
    """Why nothing is deleted now."""
    lines = [f"  {job.id}  {job.state.value:8}  {job.project}" for job in jobs[:shown]]
    if len(jobs) > shown:
        lines.append(f"  and {len(jobs) - shown} more")
    return (
        f"{len(jobs)} job(s) are not finished; nothing was deleted. Wait for them, cancel them "
        "('towline cancel ID'), or give --force, which cancels them all:\n" + "\n".join(lines)
    )
