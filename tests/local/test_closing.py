"""The end of an embedded service leaves nothing behind."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from towline.client.errors import ServiceUnreachable
from towline.local.backend_choice import BackendProblem
from towline.local.service import LocalService

CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def test_closing_leaves_no_thread_process_or_socket_and_may_be_repeated() -> None:
    before, others = threads(), set(CHILDREN.read_text().split())
    own = LocalService.start("process")
    client = own.client()
    job = client.submit({"command": ["sleep", "1000"], "workdir": "/"})
    while client.job(job["id"])["state"] != "running":
        own.pause(0.2)
    own.close()
    own.close()
    assert threads() <= before
    assert set(CHILDREN.read_text().split()) <= others
    with pytest.raises(ServiceUnreachable):
        client.job(job["id"])


def test_a_start_that_fails_leaves_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    before, others = threads(), set(CHILDREN.read_text().split())
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(BackendProblem, match="no Docker engine answers"):
        LocalService.start("docker")
    assert threads() <= before
    assert set(CHILDREN.read_text().split()) <= others
