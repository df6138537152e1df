"""A deployment as its template has it, on moto: functions with their environments, recorded."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

import app
from chalicelib import wiring
from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.provision import create_resources
from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.ids import new_id
from chalicelib.domain.job import Job
from chalicelib.ports import Scope
from chalicelib.settings import Settings
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.view_keys import Viewed, view_key
from tests.app.caller import Answer, Caller
from tests.fakes.github_server import GitHubServer
from tests.infra.deployment import deployment
from tests.infra.iam import Statement, statements
from tests.infra.intrinsics import ACCOUNT, REGION, Rendered
from tests.infra.recorder import Recorder

API, LAUNCHER, TASK_STATE, REAPER = "APIHandler", "Launcher", "TaskState", "Reaper"
BUILDER, NOTIFIER, OUTBOX = "Builder", "Notifier", "Outbox"
ROLES = {
    API: "ApiHandlerRole",
    LAUNCHER: "LauncherRole",
    TASK_STATE: "TaskStateRole",
    BUILDER: "BuilderRole",
    NOTIFIER: "NotifierRole",
    OUTBOX: "OutboxRole",
    REAPER: "ReaperRole",
}
NONCE = "0123456789abcdef" * 2
JOB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/towline-test-job-acme"


@dataclass
class Context:
    """What Lambda tells a function of its invocation."""

    function_name: str = "towline-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:towline-test"
    aws_request_id: str = "request-1"


class DeployedWorld:
    """The functions of one deployment. Calls that are ours and not a function's go unnoted."""

    def __init__(self, recorder: Recorder, github: GitHubServer) -> None:
        self.recorder = recorder
        self.github = github
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self._number = itertools.count(1)
        self.clients = AwsClients(region=REGION, credentials=AwsCredentials("AKTEST", "secret"))
        ec2 = boto3.client("ec2", region_name=REGION)
        subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
        self.parameters = {
            "VpcId": "vpc-1",
            "SubnetIds": ",".join(subnets[:2]),
            "JobRoles": f"acme={JOB_ROLE}",
            "ImageRepositories": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci/*",
            "PullThroughA": "hub,upstream.example,none",
            "GitHubUrl": github.url,
        }
        self.stack = deployment(**self.parameters)
        self.settings = Settings.from_environment(environment(self.stack, LAUNCHER))
        create_resources(self.clients, self.settings)
        self.fresh()
        self.caller = Caller(self._dispatchers[API].create_token("root", [Scope.ADMIN])[1])
        self.driven: set[tuple[str, str]] = set()
        """Routes that were called, as (method, path)."""

    def fresh(self) -> None:
        """New processes: nothing is cached."""
        self._dispatchers: dict[str, Dispatcher] = {
            function: wiring.build(
                Settings.from_environment(environment(self.stack, function)),
                AwsClients(region=REGION, credentials=AwsCredentials("AKTEST", "secret")),
                clock=lambda: self.now,
                random_bytes=self._random_bytes,
            )
            for function in ROLES
        }

    @contextmanager
    def function(self, name: str) -> Iterator[Dispatcher]:
        """What happens in the block is this function's doing."""
        wiring.use(self._dispatchers[name])
        try:
            with self.recorder.on(name):
                yield self._dispatchers[name]
        finally:
            wiring.use(None)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def get(self, job_id: str) -> Job:
        return self._dispatchers[API].get(job_id)

    # --- what AWS calls ------------------------------------------------------------------------

    def call(
        self, method: str, path: str, body: object = None, *, refused: bool = False, **more: Any
    ) -> Answer:
        """A request to the API, which answers it, or refuses it for the caller's fault."""
        with self.function(API):
            answer = self.caller(method, path, body, **more)
        expected = range(400, 500) if refused else range(200, 400)
        assert answer.status in expected, (method, path, answer.body)
        self.driven.add((method, template_of(path.partition("?")[0])))
        return answer

    def submit(self, **spec: Any) -> str:
        answer = self.call("POST", "/jobs", {"script": "true\n", **spec})
        return str(answer.body["job"]["id"])

    def deliver(self, *bodies: str) -> None:
        """A batch of the launch queue."""
        records = [self._record("LaunchQueue", body, number) for number, body in enumerate(bodies)]
        with self.function(LAUNCHER):
            answer = app.launcher({"Records": records}, Context())
        assert answer == {"batchItemFailures": []}

    def stopped(self, job_id: str, **container: Any) -> None:
        """ECS tells that the job's task has stopped."""
        job = self.get(job_id)
        attempt = job.current
        assert attempt is not None
        detail = {
            "taskArn": attempt.task_id,
            "clusterArn": self.stack.value({"Fn::GetAtt": ["Cluster", "Arn"]}),
            "startedBy": f"towline/{job_id}/{attempt.number}/{attempt.launch_try}",
            "version": next(self._number),
            "lastStatus": "STOPPED",
            "desiredStatus": "STOPPED",
            "containers": [{"name": "job", "lastStatus": "STOPPED", **container}],
        }
        with self.function(TASK_STATE):
            app.task_state(_event("aws.ecs", "ECS Task State Change", detail), Context())

    def reap(self) -> None:
        with self.function(REAPER):
            app.reaper(_event("aws.events", "Scheduled Event", {}), Context())

    def delivered(self) -> None:
        """The builder takes what is on its queue."""
        self._drain("BuildsQueue", BUILDER, app.builder)

    def noticed(self) -> None:
        """The notifier takes what is on its queue."""
        self._drain("NoticesQueue", NOTIFIER, app.notifier)

    def streamed(self, pk: str, sk: str | None = None) -> None:
        """The table's stream brings an item's state as if it were new."""
        found = self.clients.dynamodb().query(
            TableName=self.settings.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
        )["Items"]
        records = [
            {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": item}}
            for item in found
            if sk in (None, item["sk"]["S"])
        ]
        assert records
        with self.function(OUTBOX):
            assert app.outbox({"Records": records}, Context()) == {"batchItemFailures": []}

    def _drain(self, queue: str, function: str, handler: Callable[..., Any]) -> None:
        """One message after the other, until there is none."""
        url, sqs = self.stack.value({"Ref": queue}), self.clients.sqs()
        while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages"):
            record = self._record(queue, messages[0]["Body"])
            with self.function(function):
                assert handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
            sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])

    def _record(self, queue: str, body: str, number: int = 0) -> dict[str, Any]:
        return {
            "messageId": f"message-{number}",
            "receiptHandle": "handle",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": self.stack.value({"Fn::GetAtt": [queue, "Arn"]}),
            "awsRegion": REGION,
        }

    def build(self, build_id: str) -> BuildRecord:
        return self._dispatchers[API].build(build_id)

    def job_of(self, build_id: str, name: str) -> str:
        """A job's id, once it was submitted."""
        job_id = self.build(build_id).jobs[name].job_id
        assert job_id is not None
        return job_id

    # --- what a runner does --------------------------------------------------------------------

    def claim(self, job_id: str) -> dict[str, Any]:
        """The runner's claim; gives what its later requests begin with."""
        key, number = self._dispatchers[LAUNCHER].collaborators.server_key.key(), 1
        who = {"protocol": 1, "job": job_id}
        token = {"token": claim_token(key, job_id, number), "nonce": NONCE}
        answer = self.call("POST", "/runner/claim", {**who, **token})
        self.permit = answer.body["permit"]
        return {**who, "attempt": number, "lease": answer.body["lease"]}

    def view(self, what: Viewed, id_: str, more: str = "") -> str:
        """The path of a page, with its key."""
        key = view_key(self._dispatchers[API].collaborators.server_key.key(), what, id_)
        return f"/{what.value}/{id_}/view{more}?key={key}"

    def running(self, **spec: Any) -> tuple[str, dict[str, Any]]:
        job_id = self.submit(**spec)
        return job_id, self.launched(job_id)

    def launched(self, job_id: str) -> dict[str, Any]:
        """It runs; gives what its runner's later requests begin with."""
        self.deliver(job_id)
        return self.claim(job_id)

    def unknown_job(self) -> str:
        return new_id(self.now, self._random_bytes(10))

    def _random_bytes(self, size: int) -> bytes:
        return hashlib.shake_256(str(next(self._number)).encode()).digest(size)


@contextmanager
def deployed_world() -> Iterator[DeployedWorld]:
    """An empty deployment. Everything that its functions ask of AWS is recorded."""
    recorder = Recorder()
    with mock_aws(), recorder.listening(), GitHubServer() as github:
        world = DeployedWorld(recorder, github)
        github.world.now = lambda: world.now
        yield world


def a_task(world: DeployedWorld) -> str:
    """Some task of the cluster."""
    tasks = world.clients.ecs().list_tasks(cluster=world.settings.cluster)["taskArns"]
    return tasks[0]


def environment(stack: Rendered, function: str) -> dict[str, str]:
    """The variables that the template gives the function."""
    variables = stack.value(stack.template["Globals"]["Function"]["Environment"]["Variables"])
    own = stack.template["Resources"][function]["Properties"].get("Environment", {"Variables": {}})
    both = {**variables, **stack.value(own["Variables"])}
    return {name: str(value) for name, value in both.items()}


def policies(stack: Rendered, role: str) -> list[Statement]:
    """What a role may do, by its own policies and by those attached to it."""
    own = stack.resource(role).get("Policies", [])
    name = stack.value({"Ref": role})
    attached = [stack.resource(policy) for policy in stack.names("AWS::IAM::Policy")]
    own += [policy for policy in attached if name in policy["Roles"]]
    return statements(policy["PolicyDocument"] for policy in own)


def template_of(path: str) -> str:
    """The route that a path belongs to."""
    for template in app.app.routes:
        names = template.split("/")
        parts = path.split("/")
        if len(names) == len(parts) and all(
            name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
        ):
            return str(template)
    raise LookupError(path)


def _event(source: str, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "1",
        "account": ACCOUNT,
        "region": REGION,
        "time": "2026-01-02T03:04:05Z",
        "resources": [],
        "source": source,
        "detail-type": kind,
        "detail": detail,
    }
