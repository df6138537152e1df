"""Service and runner share no code: here each reads what the other writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.domain.evidence import EndedBy, Report
from chalicelib.http.bodies import ReportBody
from tests.usecases.world import World, new_world
from towline_runner import testimony
from towline_runner.checkout.order import Order
from towline_runner.running import status_of
from towline_runner.supervise import Ending
from towline_runner.work import Claimed


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        yield world


def test_the_runner_reads_the_whole_claim_of_the_service(world: World) -> None:
    world.dispatcher.put_secret("default", "TOKEN", "s3cret")
    job = world.launched(  # noqa: S604 - a field of the spec: no shell is started
        script="exit 3\n",
        shell=["bash"],
        env={"A": "1", "GONE": None},
        secrets=["TOKEN"],
        files=[{"path": "data/x", "content_base64": "aGk=", "mode": "0600"}],
        user="1000:1000",
        workdir="/srv",
        timeout_s=61,
        silence_timeout_s=62,
        grace_s=3,
        log_limit_bytes=12345,
        tells_phases=True,
    )
    claimed = Claimed(world.claim(job))
    work, limits = claimed.work, claimed.limits
    assert (claimed.job, claimed.attempt, claimed.cancelled) == (job.id, 1, False)
    assert claimed.lease == world.lease(job)
    assert (work.script, work.command, work.shell) == (b"exit 3\n", None, ["bash"])
    assert work.tells_phases
    assert (work.env, work.secrets) == ({"A": "1", "GONE": None}, {"TOKEN": "s3cret"})
    assert (work.user, work.workdir) == ("1000:1000", "/srv")
    assert [(f.path, f.content, f.mode) for f in work.files] == [("data/x", b"hi", 0o600)]
    assert (limits.timeout_s, limits.silence_s, limits.grace_s) == (61, 62, 3)
    assert limits.log_bytes == 12345
    assert claimed.permit.fields["key"].startswith(claimed.permit.prefix)


def test_the_runner_reads_the_whole_checkout_of_the_service(world: World) -> None:
    world.dispatcher.put_secret("default", "READER", "ghs_0123456789")
    asked = {
        "repository_url": "https://host.test/owner/repo.git",
        "commit": "A" * 40,
        "ref": "refs/pull/7/merge",
        "depth": 3,
        "submodules": "recursive",
        "lfs": True,
        "path": "src",
        "token_secret": "READER",
    }
    job = world.launched(checkout=asked, env={"CI": "mine"})
    work = Claimed(world.claim(job)).work
    beside: dict[str, Any] = {"folder": "/f", "scratch": "", "owner": [1, 2, [3]], "parent": None}
    beside |= {"environment": {"PATH": "/bin"}, "certificates": [], "progress_s": 5}
    order = Order({**beside, "checkout": work.checkout})
    assert (order.url, order.commit) == ("https://host.test/owner/repo.git", "a" * 40)
    assert (order.ref, order.depth) == ("refs/pull/7/merge", 3)
    assert (order.submodules, order.lfs) == ("recursive", True)
    assert order.token is not None
    assert (order.token.username, order.token.password) == ("x-access-token", "ghs_0123456789")
    assert order.token.server == "https://host.test/"
    assert work.checkout is not None
    assert work.checkout["path"] == "src"
    assert "READER" not in work.secrets
    assert work.env["CI"] == "mine"
    assert work.env["TOWLINE_PULL_REQUEST"] == "7"


def test_a_job_without_a_checkout_is_told_nothing_of_one(world: World) -> None:
    work = world.claim(world.launched())["work"]
    assert "checkout" not in work
    assert work["env"] == {}


def body(report: dict[str, Any]) -> Report:
    """The report as the service's route takes it."""
    sent = {"protocol": 1, "job": "j", "attempt": 1, "lease": "l", "report": report}
    return ReportBody.model_validate(sent).report


def ended(status: int, ended_by: str) -> dict[str, Any]:
    log = SimpleNamespace(size=7, chunks=1, omitted=2, dropped=1, sha256=lambda: "ab" * 32)
    return testimony.ended(
        Ending(status, ended_by),
        argv=["/bin/sh", "/tmp/script"],
        phases=["setup", "after"],
        started=1767225600.25,
        stopped=1767225601.0,
        log=cast("Any", log),
        drained=False,
        uploads=cast("Any", SimpleNamespace(delivered=7, archived=True)),
        survivors=4,
        usage=cast("Any", SimpleNamespace(job_peak_kib=lambda: 99, oom_kills=lambda: 1)),
    )


@pytest.mark.parametrize("reason", ["script", "timeout", "silence", "cancel", "owner_lost"])
@pytest.mark.parametrize("status", [0, 137 << 8, 9])
def test_the_service_reads_the_whole_report_of_the_runner(status: int, reason: str) -> None:
    sent = ended(status, reason)
    read = body(sent)
    assert read.model_dump(mode="json") == sent
    assert read.ended_by == EndedBy(reason)
    assert read.ended_in_setup
    code, signal = (None, os.WTERMSIG(status)) if status == 9 else (status >> 8, None)
    assert (read.exit.code, read.exit.signal) == (code, signal)


@pytest.mark.parametrize("status", [0, 1 << 8, 137 << 8, 255 << 8, 9, 15])
def test_the_status_that_the_runner_leaves_with_is_the_one_that_agrees(status: int) -> None:
    assert body(ended(status, "script")).exit.as_container_status == status_of(
        Ending(status, "script")
    )


def test_exit_137_and_death_by_sigkill_are_told_apart() -> None:
    exited, killed = (body(ended(status, "script")).exit for status in (137 << 8, 9))
    assert exited != killed


@pytest.mark.parametrize("ended_by", ["checkout_failed", "cancel", "owner_lost"])
def test_the_service_reads_that_the_checkout_was_the_end(ended_by: str) -> None:
    log = SimpleNamespace(size=7, chunks=1, omitted=0, dropped=0, sha256=lambda: "ab" * 32)
    sent = testimony.without_script(
        ended_by,
        "The commit is gone.",
        log=cast("Any", log),
        uploads=cast("Any", SimpleNamespace(delivered=7, archived=True)),
        drained=True,
        usage=cast("Any", SimpleNamespace(job_peak_kib=lambda: 99, oom_kills=lambda: 0)),
    )
    read = body(sent)
    assert read.model_dump(mode="json") == sent
    assert (read.ended_by, read.log.bytes) == (EndedBy(ended_by), 7)


def test_the_service_reads_that_nothing_was_started() -> None:
    sent = testimony.not_started("There is no user 'nobody-here' in this image.")
    read = body(sent)
    assert read.model_dump(mode="json") == sent
    assert read.ended_by is EndedBy.NOT_STARTED
    assert read.exit.as_container_status is None
