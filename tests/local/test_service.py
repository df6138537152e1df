"""The embedded service as a whole, with many clients at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from towline.client.errors import Refused, TokenRefused
from towline.client.follow import follow
from towline.client.service import Service
from towline.local.service import LocalService

AT_ONCE = 50


def test_fifty_clients_at_once_get_their_own_jobs_and_nobody_elses_rights(
    service: LocalService,
) -> None:
    """Every other one has a token that may only read."""
    reader = service.client().create_token("reader", ["read"], 60)["text"]
    meeting = threading.Barrier(AT_ONCE)

    def ask(number: int) -> tuple[int, Any]:
        token = reader if number % 2 else service.token
        client = Service(service.url, token)
        meeting.wait(30)
        try:
            job = client.submit(
                {"command": ["true"], "name": f"n{number}", "workdir": "/", "project": "crowd"}
            )
            return number, client.job(job["id"])["name"]
        except TokenRefused as refused:
            return number, refused
        finally:
            client.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, answer in pool.map(ask, range(AT_ONCE)):
            if number % 2:
                assert isinstance(answer, TokenRefused), "the other's token was used"
            else:
                assert answer == f"n{number}"
    for job in service.client().jobs({"project": "crowd"}, 100):
        done = follow(service.client(), job["id"], lambda _: None, pause=service.pause)
        assert done["verdict"] == "passed"


def test_a_secret_that_is_not_there_is_an_error_of_the_job(service: LocalService) -> None:
    client = service.client()
    job = client.submit({"command": ["true"], "secrets": ["NOT_THERE"]})
    done = follow(client, job["id"], lambda _: None, pause=service.pause)
    assert (done["verdict"], done["cause"]) == ("errored", "secret_missing")


def test_what_the_service_refuses_names_the_field(service: LocalService) -> None:
    with pytest.raises(Refused) as refused:
        service.client().submit({"command": ["true"], "timeout_s": -1})
    assert refused.value.field == "timeout_s"
