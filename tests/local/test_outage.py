"""The service's API is away while a job runs: neither the script nor its verdict is disturbed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from towline.client.follow import follow
from towline.local.http_server import Answer, error_answer
from towline.local.service import LocalService

if TYPE_CHECKING:
    from towline.local.gateway import Gateway

PATIENCE_S = 60


class AwayAfterTheClaim:
    """A gateway that answers claims, and nothing else that runners ask until it is back."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.back = threading.Event()
        self.refused = threading.Event()

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, source_ip: str
    ) -> Answer:
        if target == "/runner/claim" or self.back.is_set():
            return self._gateway.handle(method, target, headers, body, source_ip)
        if target == "/runner/report":
            self.refused.set()
        return error_answer(503, "unavailable", "The service is away.")


@pytest.fixture
def service() -> Iterator[LocalService]:
    service = LocalService.start("process")
    yield service
    service.close()


def test_the_log_is_there_meanwhile_and_the_report_comes_when_the_api_is_back(
    service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = AwayAfterTheClaim(service.relay._gateway)
    monkeypatch.setattr(service.relay, "_gateway", away)
    client = service.client()
    job = client.submit({"script": "echo while it was away\nexit 3\n"})

    assert away.refused.wait(PATIENCE_S)
    assert client.log(job["id"], 0).data == b"while it was away\n"
    assert client.job(job["id"])["state"] == "running"

    away.back.set()
    done = follow(client, job["id"], lambda _: None, pause=service.pause)
    assert (done["verdict"], done["exit_code"]) == ("failed", 3)
    client.close()
