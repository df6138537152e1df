"""The three routes: what is asked, what is tried again, and when the runner leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.conftest import Start
from tests.runner.fake_service import DROP, LOSE, FakeService, Hang

Run = Callable[..., int]


def test_a_job_without_output_takes_a_claim_and_a_report_over_one_connection(
    run: Run, service: FakeService
) -> None:
    assert run("exit 0") == 0
    assert [route for route, _ in service.requests] == ["claim", "report"]
    assert len(service.connections) == 1


def test_a_job_with_little_output_takes_two_uploads_more(run: Run, service: FakeService) -> None:
    run("echo one; echo two")
    routes = [route for route, _ in service.requests]
    assert routes == ["claim", "bucket", "bucket", "report"]
    assert sorted(service.objects) == ["000000000000000-00000000-8.gz", "log.gz"]


def test_what_the_claim_says(run: Run, service: FakeService) -> None:
    run("exit 0")
    (claim,) = service.bodies("claim")
    assert len(bytes.fromhex(claim.pop("nonce"))) == 16
    assert claim == {"protocol": 1, "job": "j", "token": "1.5f", "runner": "0.1.0"}


def test_what_the_report_says(run: Run, service: FakeService) -> None:
    run("echo hi; exit 3", by=["bash"])
    (body,) = service.bodies("report")
    assert {key: body[key] for key in ("protocol", "job", "attempt", "lease")} == {
        "protocol": 1,
        "job": "j",
        "attempt": 1,
        "lease": "the-lease",
    }
    report = body["report"]
    assert report["started_at"] < report["ended_at"]
    assert report["runner_peak_kib"] > 1000
    assert set(report) == {
        *("exit", "ended_by", "detail", "argv", "started_at", "ended_at", "log", "survivors"),
        *("runner_peak_kib", "runner_cpu_s", "job_peak_kib", "oom_kills", "phases"),
    }


def test_a_lost_answer_is_asked_for_again_with_the_same_nonce(
    run: Run, service: FakeService
) -> None:
    service.trouble("claim", LOSE, 503, DROP)
    assert run("exit 4") == 4
    nonces = {claim["nonce"] for claim in service.bodies("claim")}
    assert len(nonces) == 1
    assert len(service.bodies("claim")) == 3


@pytest.mark.parametrize(("status", "left"), [(401, 120), (410, 120), (400, 120), (409, 0)])
def test_a_refused_runner_runs_nothing(
    run: Run, service: FakeService, tmp_path: Path, status: int, left: int
) -> None:
    service.trouble("claim", status)
    assert run(f"touch {tmp_path}/ran") == left
    assert not (tmp_path / "ran").exists()
    assert [route for route, _ in service.requests] == ["claim"]


def test_a_stop_while_claiming_is_obeyed(service: FakeService, start: Start) -> None:
    hang = Hang()
    service.trouble("claim", 500, hang)
    runner = start()
    service.wait_for(lambda: not service.troubles["claim"])
    os.kill(runner.pid, signal.SIGTERM)
    assert runner.wait() == 120
    hang.release.set()


def test_the_report_is_repeated_until_it_is_acknowledged(run: Run, service: FakeService) -> None:
    service.trouble("report", 500, LOSE, DROP, 503)
    assert run("exit 5") == 5
    reports = service.bodies("report")
    assert len(reports) == 4
    assert all(report["report"] == reports[0]["report"] for report in reports)


@pytest.mark.parametrize("status", [401, 409, 410, 422])
def test_a_report_that_nobody_wants_is_not_repeated(
    run: Run, service: FakeService, status: int
) -> None:
    service.trouble("report", status)
    assert run("exit 6") == 121
    assert len(service.bodies("report")) == 1


def test_a_runner_that_is_told_to_stop_while_it_reports_reports_first(
    service: FakeService, start: Start
) -> None:
    service.trouble("report", 503, 503)
    service.script("exit 7")
    runner = start()
    service.wait_for(lambda: service.bodies("report"))
    os.kill(runner.pid, signal.SIGTERM)
    assert runner.wait() == 7


def test_heartbeats_say_how_much_log_there_is(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    service.heartbeat_s = 0.02
    service.script(f"echo 12345; until [ -e {tmp_path}/go ]; do sleep 0.02; done")
    runner = start()
    service.wait_for(lambda: any(beat["log_bytes"] == 6 for beat in service.bodies("heartbeat")))
    (tmp_path / "go").touch()
    assert runner.wait() == 0
    assert service.bodies("heartbeat")[0]["lease"] == "the-lease"


def test_an_answer_that_is_no_json_is_asked_for_again(run: Run, service: FakeService) -> None:
    good = service.claim_reply
    bad = [{"protocol": 1}]
    service.claim_reply = lambda: bad.pop() if bad else good()  # type: ignore[method-assign]
    assert run("exit 8") == 8
