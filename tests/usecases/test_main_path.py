"""A job's life when nothing goes wrong, and what each step costs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.job import State
from chalicelib.domain.verdict import Cause, Verdict
from tests.usecases.world import World, a_report


@pytest.fixture
def requests(world: World) -> Iterator[list[str]]:
    """AWS requests by operation, in their order."""
    seen: list[str] = []

    def note(event_name: str, **_: Any) -> None:
        seen.append(event_name.rpartition(".")[2])

    clients: list[Any] = [world.clients.dynamodb(), world.clients.s3(), world.clients.ssm()]
    for client in clients:
        client.meta.events.register_first("before-send.*.*", note)
    yield seen
    for client in clients:
        client.meta.events.unregister("before-send.*.*", note)


def test_a_script_that_exits_0_is_passed_when_both_witnesses_have_spoken(world: World) -> None:
    job = world.submit(script="exit 0\n")
    assert job.state is State.QUEUED
    assert world.queue.take() == [(job.id, 0)]

    world.dispatcher.launch(job.id)
    job = world.get(job.id)
    assert job.state is State.STARTING
    claimed = world.claim(job)
    assert world.get(job.id).state is State.RUNNING
    assert world.beat(job, claimed["lease"]) == {"cancel": False, "permit": None}

    world.report(job, claimed["lease"], a_report(0))
    assert world.get(job.id).state is State.RUNNING
    job = world.stop(job, 0)
    assert (job.state, job.verdict, job.exit_code) == (State.FINISHED, Verdict.PASSED, 0)
    assert job.due_at is None


def test_any_other_status_is_the_scripts_own_failure(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(137))
    job = world.stop(job, 137)
    assert (job.verdict, job.exit_code, job.signal) == (Verdict.FAILED, 137, None)


def test_a_stop_that_comes_before_its_task_was_recorded_still_counts(world: World) -> None:
    job = world.submit()
    world.queue.take()

    def run_at_once() -> None:
        begun = world.get(job.id)
        world.claim(begun)
        world.report(begun, world.lease(begun), a_report(0))
        world.stop(begun, 0)

    world.backend.before_answer = run_at_once
    world.dispatcher.launch(job.id)
    assert world.get(job.id).verdict is Verdict.PASSED
    assert world.backend.stopped == []


def test_witnesses_that_disagree_make_an_error_of_ours_and_both_are_kept(world: World) -> None:
    job = world.running()
    world.report(job, world.lease(job), a_report(0))
    job = world.stop(job, 1)
    assert (job.verdict, job.cause) == (Verdict.ERRORED, Cause.WITNESS_MISMATCH)
    assert job.current is not None
    assert job.current.report is not None
    assert job.current.stop is not None


def test_a_job_costs_nine_requests_and_no_read(world: World, requests: list[str]) -> None:
    world.submit()  # from then on its project's settings are known for ten seconds
    requests.clear()
    job = world.submit()
    assert requests == ["PutItem"]
    world.dispatcher.launch(job.id)
    assert requests[1:] == ["UpdateItem"] * 2
    job = world.get(job.id)
    requests.clear()
    lease = world.claim(job)["lease"]
    world.beat(job, lease)
    world.report(job, lease, a_report(0))
    world.stop(job, 0)
    assert requests == ["UpdateItem"] * 5


def test_the_claim_carries_the_whole_job_as_the_protocol_says(world: World) -> None:
    world.dispatcher.put_secret("acme/site", "TOKEN", "s3cret")
    job = world.launched(  # noqa: S604 - a field of the spec: no shell is started
        project="acme/site",
        script_base64="ZXhpdCAw/w==",
        script=None,
        shell=["bash"],
        env={"A": "1", "GONE": None},
        secrets=["TOKEN"],
        timeout_s=60,
    )
    claimed = world.claim(job)
    permit = claimed.pop("permit")
    assert claimed == {
        "protocol": 1,
        "job": job.id,
        "attempt": 1,
        "lease": world.lease(job),
        "heartbeat_s": 30,
        "work": {
            "script": "ZXhpdCAw/w==",
            "command": None,
            "shell": ["bash"],
            "script_mode": "0755",
            "tells_phases": False,
            "files": [],
            "env": {"A": "1", "GONE": None},
            "secrets": {"TOKEN": "s3cret"},
            "user": None,
            "workdir": None,
        },
        "limits": {
            "timeout_s": 60.0,
            "silence_timeout_s": None,
            "grace_s": 10,
            "log_limit_bytes": 1 << 30,
            "flush_s": 2.0,
            "drain_s": 2.0,
        },
        "cancel": False,
    }
    assert permit["prefix"] == f"logs/{job.id}/1/"
    assert permit["fields"]["key"] == permit["prefix"] + "${filename}"


def test_a_spec_too_large_for_the_table_comes_back_from_s3_byte_for_byte(world: World) -> None:
    script = "# " + "x" * 100_000 + "\nexit 0\n"
    job = world.launched(script=script)
    assert job.spec is None
    assert base64.b64decode(world.claim(job)["work"]["script"]) == script.encode()
