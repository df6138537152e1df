"""Everything that the functions do, once: each route, each way a launch, stop or pass goes."""

from __future__ import annotations

import gzip

from chalicelib.usecases.view_keys import Viewed
from tests.infra.deployed_world import JOB_ROLE, DeployedWorld, a_task
from tests.infra.intrinsics import ACCOUNT, REGION
from tests.infra.replay_builds import builds

OWN_REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
LARGE = "echo " + "x" * 20_000
"""A script too large for the table: its spec is in S3."""
REPORT = {"exit": {"code": 0, "signal": None}, "ended_by": "script"}
CONFLICT = {"Error": {"Code": "ConflictException", "Message": "the token was used"}}
REFUSED = {"Error": {"Code": "ServerException", "Message": "not now"}}


def everything(world: DeployedWorld) -> None:
    """Drive all of it. What moto can't do is answered by us; each such place says why."""
    submits(world)
    registries(world)
    a_job_with_all(world)
    cancels(world)
    launches(world)
    limits(world)
    passes(world)
    builds(world)
    administration(world)


def submits(world: DeployedWorld) -> None:
    key = {"Idempotency-Key": "delivery-1"}
    for _ in range(2):
        world.call("POST", "/jobs", {"script": "true"}, headers=key)
    large = world.submit(script=LARGE)
    world.call("POST", f"/jobs/{large}/rerun")
    world.deliver(large)
    world.claim(large)


def registries(world: DeployedWorld) -> None:
    """Private images: logins, and what ECR says of an image."""
    login = {"registry": "127.0.0.1:5000", "username": "me", "password": "p" * 20}
    for _ in range(2):
        world.call("PUT", "/registries/own", login)
    world.call("GET", "/registries")
    manifest = {
        "images": [
            {
                "imageManifest": '{"schemaVersion": 2, "config": {"digest": "sha256:'
                + "b" * 64
                + '", "mediaType": "application/vnd.oci.image.config.v1+json"}, "mediaType": '
                '"application/vnd.oci.image.manifest.v1+json", "layers": []}'
            }
        ]
    }
    image = f"{OWN_REGISTRY}/ci/app:1"
    nowhere = {"downloadUrl": "https://127.0.0.1:1/never", "layerDigest": "sha256:" + "b" * 64}
    # moto keeps no platforms and no pull-through rules.
    with (
        world.recorder.answering("ecr", "BatchGetImage", manifest),
        world.recorder.answering("ecr", "GetDownloadUrlForLayer", nowhere),
    ):
        own = world.submit(image=image)
    missing = {"images": [], "failures": [{"failureCode": "ImageNotFound"}]}
    rules = {"pullThroughCacheRules": [{"ecrRepositoryPrefix": "hub"}]}
    with (
        world.recorder.answering("ecr", "BatchGetImage", missing),
        world.recorder.answering("ecr", "DescribePullThroughCacheRules", rules),
    ):
        cached = world.submit(image=f"{OWN_REGISTRY}/hub/library/debian:12")
        nowhere_to_be_found = {"script": "true", "image": f"{OWN_REGISTRY}/ci/none:1"}
        world.call("POST", "/jobs", nowhere_to_be_found, refused=True)
    # A loopback registry is not asked, as nobody but this machine could.
    private = world.submit(image="127.0.0.1:5000/private:1", registry_credentials="own")
    world.deliver(own, cached, private)
    world.call("DELETE", "/registries/own")


def a_job_with_all(world: DeployedWorld) -> None:
    """A job of a project with a role, with secrets, from submit to its log."""
    world.call("PUT", "/secrets/API_KEY?project=acme", {"value": "s3cret-value"})
    world.call("GET", "/secrets?project=acme")
    job, mine = world.running(project="acme", secrets=["API_KEY"])
    assert world.recorder.definitions[-1]["taskRoleArn"] == JOB_ROLE
    world.call("POST", "/runner/heartbeat", {**mine, "log_bytes": 3})
    body = gzip.compress(b"hi\n")
    for name in (f"{0:015d}-{0:08d}-3.gz", "log.gz"):
        key = f"{world.permit['prefix']}{name}"
        world.clients.s3().put_object(Bucket=world.settings.bucket, Key=key, Body=body)
    log = {"bytes": 3, "chunks": 1, "sha256": "", "archived": True}
    world.call("POST", "/runner/report", {**mine, "report": {**REPORT, "log": log}})
    world.stopped(job, exitCode=0)
    assert world.get(job).verdict == "passed"
    # Links are made without a request; whoever follows one reads with the function's rights.
    for query in ("", "?offset=1&limit=1", "?link=any", "?link=chunk"):
        world.call("GET", f"/jobs/{job}/log{query}")
    world.call("GET", f"/jobs/{job}/log/raw")
    pages(world, job)
    world.call("GET", f"/jobs/{job}")
    for query in ("", "?project=acme", "?state=queued", "?verdict=passed"):
        world.call("GET", f"/jobs{query}")
    for query in ("", "&project=acme"):
        world.call("GET", f"/costs?since=2026-01-01T00:00:00Z{query}")
    world.call("DELETE", "/secrets/API_KEY?project=acme")


def pages(world: DeployedWorld, job: str) -> None:
    """What a browser sees. The whole log is a link, as above."""
    for path in (world.view(Viewed.JOB, job), world.view(Viewed.JOB, job, "/log")):
        world.call("GET", path)
    world.call("GET", world.view(Viewed.BUILD, job), refused=True)
    world.call("PUT", "/projects?project=acme", {"public_badge": True})
    for project in ("acme", "acme/web"):
        world.call("GET", f"/badges/{project}.svg")
    world.call("DELETE", "/projects?project=acme")


def cancels(world: DeployedWorld) -> None:
    job, _ = world.running()
    world.call("POST", f"/jobs/{job}/cancel")
    # RunTask's answer was lost, and the runner was faster than its repetition: the task is found by
    # its mark. moto does not look at startedBy.
    job = world.submit()
    task = a_task(world)
    with world.recorder.answering("ecs", "RunTask", REFUSED):
        world.deliver(job)
    world.claim(job)
    with world.recorder.answering("ecs", "ListTasks", {"taskArns": [task]}):
        world.call("POST", f"/jobs/{job}/cancel")


def launches(world: DeployedWorld) -> None:
    """A launch that was done before, one that is cancelled meanwhile, one of a lost message."""
    job = world.submit()
    with world.recorder.answering("ecs", "RunTask", REFUSED):
        world.deliver(job)
    # moto knows no client tokens.
    with (
        world.recorder.answering("ecs", "RunTask", CONFLICT),
        world.recorder.answering("ecs", "ListTasks", {"taskArns": [a_task(world)]}),
    ):
        world.deliver(job)
    lost = world.submit()
    with world.recorder.answering("ecs", "RunTask", REFUSED):
        world.deliver(lost)
    world.claim(lost)
    with world.recorder.answering("ecs", "ListTasks", {"taskArns": []}):
        world.call("POST", f"/jobs/{lost}/cancel")
    with world.recorder.answering("ecs", "ListTasks", {"taskArns": [a_task(world)]}):
        world.deliver(lost)


def limits(world: DeployedWorld) -> None:
    """A project that runs one job at a time: slots taken, awaited, handed on and counted again."""
    where = "/projects?project=acme/narrow"
    for limit in (2, 1):
        world.call("PUT", where, {"max_jobs": limit})
    world.call("GET", where)
    world.call("GET", "/projects")
    first, mine = world.running(project="acme/narrow")
    second = world.submit(project="acme/narrow")
    world.wait(1)  # within a millisecond the order is chance
    third = world.submit(project="acme/narrow")
    world.deliver(second, third)
    assert world.get(second).waiting_since is not None
    world.call("GET", f"/jobs/{second}")
    world.call("POST", "/runner/report", {**mine, "report": REPORT})
    world.stopped(first, exitCode=0)
    assert world.get(second).waiting_since is None
    late = world.submit(project="acme/narrow", queue_timeout_s=1)
    world.wait(2)
    world.deliver(second, late)
    assert world.get(late).cause == "queue_timeout"
    # What never happens: a job that is over has a slot and a place in line.
    table, line = world.settings.table, {"pk": {"S": "project#acme/narrow"}}
    world.clients.dynamodb().put_item(TableName=table, Item={**line, "sk": {"S": f"wait#{first}"}})
    world.clients.dynamodb().update_item(
        TableName=table,
        Key={**line, "sk": {"S": "slots"}},
        UpdateExpression="SET holders.#job = :since",
        ExpressionAttributeNames={"#job": first},
        ExpressionAttributeValues={":since": {"S": "2026-01-01T00:00:00.000000Z"}},
    )
    for _ in range(10):
        world.wait(60)
        world.reap()
    world.call("DELETE", where)


def passes(world: DeployedWorld) -> None:
    """What the reaper repairs, and a stop that is worth another attempt."""
    unheard = world.submit()
    retried = world.submit()
    world.deliver(retried)
    world.stopped(retried, reason="CannotPullContainerError: i/o timeout")
    assert world.get(retried).state == "queued"
    world.wait(3600)
    world.reap()
    assert world.get(unheard).sent_at == world.now
    # Tasks that no job needs are stopped.
    world.wait(48 * 3600)
    world.reap()


def administration(world: DeployedWorld) -> None:
    token = world.call("POST", "/tokens", {"name": "ci", "scopes": ["read"]}).body["token"]
    world.call("GET", "/tokens")
    world.call("DELETE", f"/tokens/{token['id']}")
    world.call("GET", "/health")
    # Whoever comes first makes the key: here each of those that may.
    name = f"{world.settings.prefix}/server-key"
    world.clients.ssm().delete_parameter(Name=name)
    world.fresh()
    claim = {"protocol": 1, "job": world.unknown_job(), "token": "1.x", "nonce": "0" * 32}
    world.call("POST", "/runner/claim", claim, refused=True)
