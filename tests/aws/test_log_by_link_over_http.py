"""The whole way of a large log: API, links, and S3 over HTTP, read by the command's own client."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.evidence import EndedBy, LogSummary, ProcessExit, Report
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import Scope
from chalicelib.settings import Settings
from chalicelib.usecases.claim import ClaimRequest
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.report import ReportRequest
from tests.aws.log_uploads import Uploads
from tests.aws.world import NOW, World
from tests.usecases.world import FakeBackend, FakeQueue
from towline.client.follow import read_log
from towline.client.service import Service
from towline.local.gateway import Gateway
from towline.local.http_server import LoopbackServer

NONCE = "0" * 32


@dataclass
class Deployed:
    """One job that runs, its log in the bucket, and the API over HTTP."""

    dispatcher: Dispatcher
    job_id: str
    lease: str
    uploads: Uploads
    service: Service
    answers: list[int]

    def report(self, log: LogSummary) -> None:
        report = Report(exit=ProcessExit(code=0), ended_by=EndedBy.SCRIPT, log=log)
        self.dispatcher.report(ReportRequest(self.job_id, 1, self.lease, report))

    def log(self, offset: int = 0) -> bytes:
        return b"".join(page.data for page in read_log(self.service, self.job_id, offset=offset))


@pytest.fixture
def deployed(world: World) -> Iterator[Deployed]:
    settings = Settings(
        table=world.table,
        bucket=world.bucket,
        queue_url=world.queue_url,
        public_url="https://towline.test",
        prefix=world.prefix,
    )
    dispatcher = wiring.build(
        settings,
        world.clients,
        backend=FakeBackend(lambda: NOW),
        queue=FakeQueue(),
        clock=lambda: NOW,
    )
    wiring.use(dispatcher)
    import app

    gateway, answers = Gateway(app.app), []

    def serve(request: Any) -> Any:
        headers = dict(request.headers.items())
        answer = gateway.handle(request.method, request.target, headers, b"", "127.0.0.1")
        answers.append(len(answer.body))
        return answer

    server = LoopbackServer("127.0.0.1", 0, serve, name="api")
    _, token = dispatcher.create_token("t", [Scope.READ])
    job = dispatcher.submit(JobSpec(script="true"), submitted_by="t")
    dispatcher.launch(job.id)
    key = dispatcher.collaborators.server_key.key()
    lease = dispatcher.claim(ClaimRequest(job.id, claim_token(key, job.id, 1), NONCE))["lease"]
    service = Service(server.url, token)
    uploads = Uploads(world, prefix=f"logs/{job.id}/1/")
    yield Deployed(dispatcher, job.id, lease, uploads, service, answers)
    service.close()
    server.close()
    wiring.use(None)


def chunks() -> list[bytes]:
    """Small ones and large ones, as a job with bursts of output has them."""
    rng = random.Random(5)  # noqa: S311 - the same bytes each time
    sizes = [10, 200_000, 3, 3, 3, 1_000_000, 65_536, 65_537, 1]
    return [rng.randbytes(size) for size in sizes]


def test_a_log_that_still_grows_is_read_with_small_answers(deployed: Deployed) -> None:
    for chunk in chunks():
        deployed.uploads.chunk(chunk)
    whole = b"".join(chunks())
    deployed.answers.clear()
    assert deployed.log() == whole
    assert deployed.log(123_456) == whole[123_456:]
    assert max(deployed.answers) < 100_000


def test_a_log_that_is_archived_is_one_link(deployed: Deployed) -> None:
    for chunk in chunks():
        deployed.uploads.chunk(chunk)
    deployed.uploads.archive()
    whole = b"".join(chunks())
    deployed.report(LogSummary(bytes=len(whole), chunks=len(chunks()), archived=True))
    deployed.answers.clear()
    assert deployed.log() == whole
    assert len(deployed.answers) == 2
    assert max(deployed.answers) < 3_000


def test_lost_and_spoiled_chunks_come_from_the_archive_or_are_gaps(deployed: Deployed) -> None:
    first, lost, spoiled, last = (bytes([n]) * 100_000 for n in range(4))
    deployed.uploads.chunk(first)
    deployed.uploads.lose(lost)
    name = f"{deployed.uploads.offset:015d}-{deployed.uploads.sequence:08d}-{len(spoiled)}.gz"
    deployed.uploads.lose(spoiled)
    deployed.uploads.chunk(last)
    deployed.uploads.put(name, b"rubbish")
    gaps = [(page.data[:1], page.gap) for page in read_log(deployed.service, deployed.job_id)]
    assert gaps == [(b"\0", 0), (b"\3", 200_000)]
    deployed.uploads.archive()
    deployed.report(LogSummary(bytes=400_000, chunks=4, archived=True))
    assert deployed.log() == first + lost + spoiled + last
    assert deployed.log(100_000) == lost + spoiled + last


def test_a_client_that_follows_no_links_gets_all_in_small_parts(deployed: Deployed) -> None:
    for chunk in chunks()[:2]:
        deployed.uploads.chunk(chunk)
    whole, collected = b"".join(chunks()[:2]), b""
    while page := deployed.service.log(deployed.job_id, len(collected)).data:
        assert len(page) <= 64 << 10
        collected += page
    assert collected == whole
