"""Lane 4: AWS requests of one job by kind, and the launcher's CPU beside the bare calls."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.session import get_session

from bench.figures import line, title
from bench.moto_process import moto_process
from chalicelib import wiring
from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.job_items import job_key
from chalicelib.aws.provision import create_resources
from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop
from chalicelib.domain.spec import JobSpec
from chalicelib.settings import Settings
from chalicelib.usecases.claim import HEARTBEAT_S, ClaimRequest
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.heartbeat import HeartbeatRequest
from chalicelib.usecases.report import ReportRequest
from towline.local.embedded_aws import REGION, EmbeddedAws

if TYPE_CHECKING:
    from botocore.session import Session

SPEC = JobSpec(script="make test\n", name="bench")
SETTINGS = Settings(
    table="towline-bench",
    bucket="towline-bench",
    queue_url="https://queue.amazonaws.com/123456789012/towline-bench",
    public_url="https://towline.example",
    cluster="towline-bench",
    runner_image="registry.example/towline-runner@sha256:" + "0" * 64,
    execution_role_arn="arn:aws:iam::123456789012:role/execution",
    log_group="/towline/bench",
)


def requests_of_one_job() -> None:
    """Counted where they leave, on a service that has launched a job before."""
    title("AWS requests of one job (no polling; a clock of its own; Fargate's API by moto)")
    found = count_requests(run_s=60)
    line("submit to launch", str(found.to_launch.total()), "<= 5")
    line("  " + _kinds(found.to_launch), "")
    line("claim to verdict, one minute", str(found.to_verdict.total()))
    line("  " + _kinds(found.to_verdict), "")
    line("the whole job, chunk uploads apart", str(found.all.total()), "<= 12")


@dataclass(frozen=True, slots=True)
class Requests:
    """AWS requests of one job by (service, operation); its heartbeats; its item's size at last."""

    to_launch: Counter[tuple[str, str]]
    to_verdict: Counter[tuple[str, str]]
    heartbeats: int
    item_bytes: int

    @property
    def all(self) -> Counter[tuple[str, str]]:
        return self.to_launch + self.to_verdict


def count_requests(run_s: float) -> Requests:
    """The requests of a job whose script runs for so long, from submit to verdict."""
    aws = EmbeddedAws()
    keys = AwsCredentials("bench", secrets.token_hex(16))
    session = aws.session()
    clients = AwsClients(region=REGION, credentials=keys, session=session)
    settings = with_network(SETTINGS, session, None)
    create_resources(clients, settings)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    dispatcher = wiring.build(settings, clients, clock=lambda: now)
    _launched(dispatcher)
    aws.counts.clear()
    job_id = _launched(dispatcher)
    to_launch = Counter(aws.counts)
    launched = dispatcher.get(job_id).current
    assert launched is not None
    attempt, task_id = launched.number, str(launched.task_id)
    aws.counts.clear()
    key = dispatcher.collaborators.server_key.key()
    claim = ClaimRequest(job_id, claim_token(key, job_id, attempt), "0" * 32)
    lease = str(dispatcher.claim(claim)["lease"])
    heartbeats = int(run_s // HEARTBEAT_S)
    for _ in range(heartbeats):
        now += timedelta(seconds=HEARTBEAT_S)
        dispatcher.heartbeat(HeartbeatRequest(job_id, attempt, lease, 100))
    report = Report(exit=ProcessExit(code=0), ended_by=EndedBy.SCRIPT)
    dispatcher.report(ReportRequest(job_id, attempt, lease, report))
    dispatcher.observe_stop(job_id, attempt, Stop(task_id=task_id, version=5, exit_code=0))
    to_verdict = Counter(aws.counts)
    assert str(dispatcher.get(job_id).verdict) == "passed"
    item = clients.dynamodb().get_item(TableName=settings.table, Key=job_key(job_id))["Item"]
    # As DynamoDB counts: names and values, and a little for each.
    return Requests(to_launch, to_verdict, heartbeats, len(json.dumps(item)))


def launcher_cpu(jobs: int) -> None:
    """CPU of this process alone: moto answers from a process of its own."""
    title("CPU of accepting and launching a job, beside the bare calls")
    with moto_process() as endpoint:
        keys = AwsCredentials("bench", "bench")
        clients = AwsClients(region=REGION, endpoint=endpoint, credentials=keys)
        settings = with_network(
            replace(SETTINGS, queue_url=f"{endpoint}/123456789012/towline-bench"),
            get_session(),
            endpoint,
        )
        create_resources(clients, settings)
        dispatcher = wiring.build(settings, clients)
        bare = _bare_chain(clients, settings, _launched(dispatcher))
        _cpu_of(bare, 3)
        ratios = []
        for _ in range(5):
            ours = _cpu_of(lambda: _launched(dispatcher), jobs)
            theirs = _cpu_of(bare, jobs)
            ratios.append(ours / theirs)
    line("ours / PutItem, SendMessage, RunTask, UpdateItem", f"{sorted(ratios)[2]:.2f}", "<= 2.5")


def with_network(settings: Settings, session: Session, endpoint: str | None) -> Settings:
    """moto starts tasks only in a network that it knows: its default one."""
    ec2: Any = session.create_client(
        "ec2",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
    )
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    groups = [group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]]
    return replace(settings, subnets=tuple(subnets[:1]), security_groups=tuple(groups[:1]))


def _launched(dispatcher: Dispatcher) -> str:
    job = dispatcher.submit(SPEC, submitted_by="bench")
    dispatcher.launch(job.id)
    return job.id


def _bare_chain(clients: AwsClients, settings: Settings, model: str) -> Callable[[], object]:
    """The same four calls with the least around them, on items of the same size."""
    table, queue, ecs = clients.dynamodb(), clients.sqs(), clients.ecs()
    item: dict[str, Any] = table.get_item(
        TableName=settings.table, Key={"pk": {"S": f"JOB#{model}"}, "sk": {"S": "META"}}
    )["Item"]
    family = ecs.list_task_definition_families()["families"][0]
    numbers = itertools.count()

    def chain() -> None:
        job_id = f"bare-{next(numbers)}"
        key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "META"}}
        table.put_item(TableName=settings.table, Item=item | key)
        queue.send_message(QueueUrl=settings.queue_url, MessageBody=json.dumps(job_id))
        ecs.run_task(
            cluster=settings.cluster,
            taskDefinition=family,
            count=1,
            launchType="FARGATE",
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(settings.subnets),
                    "securityGroups": list(settings.security_groups),
                }
            },
            overrides={
                "containerOverrides": [
                    {"name": "job", "environment": [{"name": "JOB", "value": job_id}]}
                ]
            },
        )
        table.update_item(
            TableName=settings.table,
            Key=key,
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": {"S": "starting"}},
        )

    return chain


def _cpu_of(call: Callable[[], object], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - begun) / times


def _kinds(counts: Counter[tuple[str, str]]) -> str:
    return ", ".join(
        f"{operation} {number}" if number > 1 else operation
        for (_, operation), number in sorted(counts.items())
    )
