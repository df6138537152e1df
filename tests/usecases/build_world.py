"""A deployment with builds: real adapters over moto, and a GitHub over real HTTP."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from moto import mock_aws

from chalicelib import wiring
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.github_parameters import GitHubParameters
from chalicelib.aws.provision import create_bucket, create_table
from chalicelib.build_ports import BuildSide, Sent
from chalicelib.domain.build_record import BuildRecord
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.webhook import Taken
from tests.fakes.github_server import FakeCommit, FakeRepository, GitHubServer
from tests.fakes.github_server.payloads import delivery, push
from tests.usecases.world import _CLIENTS, SETTINGS, World, a_report

SECRET = "correct horse"
SHA = "a" * 40
QUEUES = "https://sqs.us-east-1.amazonaws.com/123456789012/towline"
BUILDS = replace(
    SETTINGS, builds_queue_url=f"{QUEUES}-builds.fifo", notices_queue_url=f"{QUEUES}-notices.fifo"
)
assert "TOWLINE_GITHUB_URL" not in os.environ


@dataclass
class FakeOrderedQueue:
    """What was sent and not taken, each ``unique`` once."""

    sent: OrderedDict[str, tuple[str, str]] = field(default_factory=OrderedDict)
    seen: set[str] = field(default_factory=set)
    broken: bool = False

    def send(self, body: str, *, group: str, unique: str) -> None:
        if self.broken:
            raise ServiceTrouble("the queue is away")
        if unique not in self.seen:
            self.seen.add(unique)
            self.sent[unique] = (group, body)

    def take(self) -> list[str]:
        """Bodies in order."""
        taken = [body for _, body in self.sent.values()]
        self.sent.clear()
        return taken


class BuildWorld(World):
    """One deployment, one GitHub, one registered repository that the service's token may use."""

    def __init__(self, clients: AwsClients, github: GitHubServer) -> None:
        super().__init__(clients)
        self.github = github
        self.deliveries = FakeOrderedQueue()
        self.notices = FakeOrderedQueue()
        self.parameters = GitHubParameters(clients, BUILDS.prefix)
        self.parameters.put("webhook-secret", SECRET)
        self.use_builds()
        self.repository = self.new_repository("Octo/Web")

    def use_builds(self) -> None:
        """A deployment afresh over the same AWS, as a new Lambda is."""
        made = wiring.build(
            replace(BUILDS, github_url=self.github.url),
            self.clients,
            backend=self.backend,
            queue=self.queue,
            meter=self.figures,
            clock=self.clock,
            random_bytes=self.random_bytes,
        )
        side = made.collaborators.builds
        assert side is not None
        self.side: BuildSide = replace(
            side, queue=self.deliveries, notices=self.notices, sleep=lambda _: None
        )
        self.dispatcher = Dispatcher(replace(made.collaborators, builds=self.side))

    def new_repository(self, name: str, **details: Any) -> FakeRepository:
        made = self.github.world.repository(name, **details)
        self.dispatcher.put_project(name, {})
        # What is asked for at once is none of the test's business, unless it asks again.
        self.build_all()
        self.github.records.clear()
        return made

    def with_token(self) -> None:
        """The service has a token of its own."""
        self.parameters.put("token", self.github.world.personal_token())
        self.use_builds()

    def commit(self, file: str, *, sha: str = SHA, message: str = "A commit") -> str:
        """A commit whose ``.towline.yml`` holds that."""
        files = {".towline.yml": file.encode()}
        self.repository.commits[sha] = FakeCommit(sha, files, message)
        return sha

    # --- what GitHub, the queues and the runners do ------------------------------------------

    def deliver(self, event: str, payload: dict[str, Any], **details: Any) -> Taken:
        headers, body = delivery(event, payload, SECRET, **details)
        return self.dispatcher.take_webhook(headers, body)

    def push(self, file: str, **details: Any) -> BuildRecord:
        """A pushed commit, as far as the builder takes it."""
        taken = self.deliver("push", push(self.repository, self.commit(file), **details))
        assert taken.status == 202
        self.build_all()
        return self.dispatcher.build(taken.build_id)

    def build_all(self) -> list[str]:
        """The builder takes what is queued."""
        return [self.dispatcher.take_delivery(body) for body in self.deliveries.take()]

    def tell(self, build: BuildRecord) -> BuildRecord:
        """The notifier takes a notice about it."""
        self.dispatcher.notify(build.id)
        return self.dispatcher.build(build.id)

    def finish(self, build: BuildRecord, name: str, code: int = 0, **told: Any) -> None:
        """A job of it runs and ends. ``told``: what its report says besides."""
        entry = self.dispatcher.build(build.id).jobs[name]
        assert entry.job_id is not None
        self.dispatcher.launch(entry.job_id)
        self.claim(self.get(entry.job_id))
        job = self.get(entry.job_id)
        self.report(job, self.lease(job), a_report(code, **told))
        self.stop(self.get(job.id), code)

    def told(self, sha: str = SHA) -> dict[str, str]:
        """What the commit's page on GitHub shows."""
        return self.repository.last_statuses(sha)

    def sent(self, build: BuildRecord) -> Sent:
        return self.side.store.sent(build.id)


@contextmanager
def new_build_world() -> Iterator[BuildWorld]:
    with mock_aws():
        create_table(_CLIENTS, SETTINGS.table)
        create_bucket(_CLIENTS, SETTINGS.bucket)
        with GitHubServer() as github:
            world = BuildWorld(_CLIENTS, github)
            github.world.now = world.clock
            yield world
