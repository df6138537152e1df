"""What the functions do for builds, once: deliveries, files, jobs, checks, what comes late."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import app
from chalicelib.aws.builds import BuildTable
from chalicelib.aws.github_parameters import GitHubParameters
from chalicelib.usecases.view_keys import Viewed
from tests.fakes.github_server import FakeCommit, FakeRepository
from tests.fakes.github_server.payloads import delivery, push
from tests.github.conftest import APP_ID, make_keys
from tests.infra.deployed_world import BUILDER, NOTIFIER, OUTBOX, Context, DeployedWorld, a_task
from tests.infra.replay_events import events

SECRET = "the secret of a webhook"
INSTALLATION = 7
LARGE = b"""\
cancel_previous: true
jobs:
  a: {script: x}
  b: {needs: a, script: "%s"}
  c: {script: x}
  d: {script: x}
""" % (b"x" * 20_000)
"""Its second job's spec is too large for the table."""
PROJECT = "/projects?project=octo/web"
REFUSED = {"Error": {"Code": "ServerException", "Message": "not now"}}
OLD, NEW, MANY = "1" * 40, "2" * 40, "3" * 40


def builds(world: DeployedWorld) -> None:
    """A build from its push to its end; builds that end early by the builder and the notifier."""
    repository = registered(world)
    build = pushed(world, push(repository, OLD))
    run(world, jobs_of(world, build)["a"])
    message(world, NOTIFIER, build)
    world.call("GET", f"/builds/{build}")
    world.call("GET", world.view(Viewed.BUILD, build))
    for query in ("", "?project=octo/web"):
        world.call("GET", f"/builds{query}")
    first = begun(world, build)
    with lost_task(world):
        newer = pushed(world, push(repository, NEW, before=OLD))
    assert world.call("GET", f"/builds/{build}").body["build"]["cancelled"]
    world.stopped(first, exitCode=143)
    world.call("POST", f"/builds/{newer}/approve")
    begun(world, newer)
    # As if whoever cancelled it had died before any of its jobs was.
    store = BuildTable(world.clients, world.settings.table)
    found = store.get(newer)
    assert found is not None
    written = {"cancelled": True, "version": found.version + 1}
    store.put(found.model_copy(update=written), due_at=world.now)
    with lost_task(world):
        message(world, NOTIFIER, newer)
    world.call("POST", f"/builds/{newer}/cancel")
    changed(world, build)
    with_a_token(world, repository)
    operators(world, repository)
    events(world, repository, SECRET)


def registered(world: DeployedWorld) -> FakeRepository:
    """A repository where the App is, which runs one job at a time."""
    github, keys = world.github, make_keys()
    github.world.app = (APP_ID, keys.public)
    kept = GitHubParameters(world.clients, world.settings.prefix)
    values = {"webhook-secret": SECRET, "app-id": APP_ID, "app-key": keys.private}
    for name, value in values.items():
        kept.put(name, value)
    repository = github.world.repository("Octo/Web", installation=INSTALLATION)
    for sha in (OLD, NEW):
        repository.commits[sha] = FakeCommit(sha, {".towline.yml": LARGE})
    world.call("PUT", PROJECT, {"installation_id": INSTALLATION, "max_jobs": 1})
    world.fresh()
    return repository


def begun(world: DeployedWorld, build: str) -> str:
    """One of its jobs runs, and nobody knows its task; the others wait for its slot."""
    jobs = jobs_of(world, build).values()
    first, *others = [job for job in jobs if world.get(job).verdict is None]
    with world.recorder.answering("ecs", "RunTask", REFUSED):
        world.deliver(first)
    world.claim(first)
    world.deliver(*others)
    return first


@contextmanager
def lost_task(world: DeployedWorld) -> Iterator[None]:
    """moto does not look for tasks by what they were started for."""
    with world.recorder.answering("ecs", "ListTasks", {"taskArns": [a_task(world)]}):
        yield


def with_a_token(world: DeployedWorld, repository: FakeRepository) -> None:
    """The project's own token is used instead; a delivery's message is lost; a rerun."""
    token = {"value": world.github.world.personal_token()}
    world.call("PUT", "/secrets/GITHUB?project=octo/web", token)
    world.call("PUT", PROJECT, {"token_secret": "GITHUB", "max_jobs": None})
    world.fresh()
    # More than one pass tells of.
    many = f"jobs:\n  m:\n    matrix: {{n: {list(range(41))}}}\n    script: x\n"
    repository.commits[MANY] = FakeCommit(MANY, {".towline.yml": many.encode()})
    # The first link of a new deployment: nobody has made the key before.
    world.clients.ssm().delete_parameter(Name=f"{world.settings.prefix}/server-key")
    world.fresh()
    build = pushed(world, push(repository, MANY, ref="refs/heads/other"))
    world.call("POST", f"/builds/{build}/cancel")
    message(world, NOTIFIER, build)
    world.call("POST", f"/builds/{build}/rerun")
    headers, body = delivery("push", push(repository, NEW, ref="refs/heads/late"), SECRET)
    world.call("POST", "/webhooks/github", raw=body, headers=headers)
    world.wait(600)
    world.reap()


def operators(world: DeployedWorld, repository: FakeRepository) -> None:
    """What GitHub is known by is tried and changed; a project has a checkout token of its own."""
    for query in ("", "?check=yes", "?check=yes&project=octo/web"):
        world.call("GET", f"/github{query}")
    world.call("PUT", "/github/webhook-secret-next", {"value": SECRET})
    world.call("POST", "/github/webhook-secret/rotate")
    world.call("PUT", "/github/token", {"value": "ghp_x"})
    world.call("DELETE", "/github/token")
    where = "/projects/checkout-token?project=octo/web"
    world.call("PUT", where, {"value": world.github.world.personal_token()})
    world.call("PUT", PROJECT, {"token_secret": None})
    world.fresh()
    build = pushed(world, push(repository, NEW, ref="refs/heads/mine"))
    job = jobs_of(world, build)["a"]
    world.deliver(job)
    world.claim(job)
    world.call("POST", f"/builds/{build}/cancel")
    world.call("DELETE", where)
    world.call("PUT", PROJECT, {"token_secret": "GITHUB"})
    world.fresh()


def pushed(world: DeployedWorld, payload: dict[str, Any]) -> str:
    """A delivery, taken by the API and by the builder; the build's id."""
    world.wait(1)  # within a millisecond the order is chance
    headers, body = delivery("push", payload, SECRET)
    answer = world.call("POST", "/webhooks/github", raw=body, headers=headers)
    message(world, BUILDER, headers["X-GitHub-Delivery"])
    return str(answer.body["build"])


def message(world: DeployedWorld, function: str, body: str) -> None:
    """What the function's queue brings."""
    record = {"messageId": "m", "receiptHandle": "h", "body": body, "eventSource": "aws:sqs"}
    handler = {BUILDER: app.builder, NOTIFIER: app.notifier}[function]
    with world.function(function):
        assert handler({"Records": [record]}, Context()) == {"batchItemFailures": []}


def changed(world: DeployedWorld, build: str) -> None:
    """The stream tells that the build has changed."""
    image = {"pk": {"S": f"build#{build}"}, "sk": {"S": "build"}, "version": {"N": "99"}}
    record = {"dynamodb": {"NewImage": image, "SequenceNumber": "1"}}
    with world.function(OUTBOX):
        assert app.outbox({"Records": [record]}, Context()) == {"batchItemFailures": []}


def jobs_of(world: DeployedWorld, build: str) -> dict[str, str]:
    """Ids of its jobs, by name."""
    shown = world.call("GET", f"/builds/{build}").body["build"]["jobs"]
    return {job["name"]: job["job_id"] for job in shown if job["job_id"]}


def run(world: DeployedWorld, job: str) -> None:
    """The job runs, writes a log, and passes."""
    world.deliver(job)
    who = world.claim(job)
    key = f"{world.permit['prefix']}{0:015d}-{0:08d}-3.gz"
    body = gzip.compress(b"hi\n")
    world.clients.s3().put_object(Bucket=world.settings.bucket, Key=key, Body=body)
    log = {"bytes": 3, "chunks": 1, "sha256": "", "archived": False}
    report = {"exit": {"code": 0, "signal": None}, "ended_by": "script", "log": log}
    world.call("POST", "/runner/report", {**who, "report": report})
    world.stopped(job, exitCode=0)
