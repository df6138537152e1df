"""``towline log --follow`` as a person sees it who has just handed in a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from towline.cli import log_command, waiting
from towline.cli.main import main
from towline.client import follow
from towline.client.errors import ClientError, Refused, ServiceUnreachable
from towline.client.service import LogPage


class Service:
    """A job that waits, is started and prints at last; each pause brings it a step further."""

    def __init__(self) -> None:
        self.step = 0
        self.fails: dict[int, ClientError] = {}

    def job(self, _: str) -> dict[str, Any]:
        states = ("queued", "starting", "running")
        over = self.step >= len(states)
        return {
            "state": "finished" if over else states[self.step],
            "verdict": "passed" if over else None,
            "attempt": 1,
            "attempts": [],
        }

    def log_pages(self, _: str, offset: int, attempt: int | None) -> Iterator[LogPage]:
        if self.step in self.fails:
            raise self.fails[self.step]
        over = self.step >= 3
        data = b"hello\n"[offset:] if over else b""
        yield LogPage(1, offset, data, offset + len(data), 0, complete=over)

    def pause(self, _: float) -> None:
        self.step += 1


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """The command talks to it, and its pauses are the follower's."""
    made = Service()
    monkeypatch.setattr(log_command, "connect", lambda _: made)
    usual: Any = follow.follow.__kwdefaults__
    monkeypatch.setattr(follow.follow, "__kwdefaults__", {**usual, "pause": made.pause})
    return made


def test_following_a_job_that_prints_nothing_yet_says_what_it_waits_for(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setattr(waiting, "QUIET_S", 0.0)
    assert main(["log", "-f", "x"]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b"hello\n"
    assert err.decode().splitlines() == [
        "towline: the job waits in the queue",
        "towline: the job's container is being started",
        "towline: the script runs and has printed nothing yet",
        "towline: passed",
    ]


GONE = ServiceUnreachable("can't reach the service.")


@pytest.mark.parametrize("error", [GONE, Refused(503, "unavailable", "Not now.", None)])
def test_a_service_that_is_away_for_a_moment_is_asked_again_with_a_word(
    service: Service, error: ClientError, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    service.fails = {1: error, 2: error}
    assert main(["log", "-f", "--exit-status", "x"]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b"hello\n"
    assert err.decode().splitlines() == [
        f"towline: warning: {error} Trying again for 2m.",
        "towline: passed",
    ]


def test_a_service_that_stays_away_ends_the_command(
    service: Service, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.0)
    service.fails = {1: GONE, 2: GONE}
    assert main(["log", "-f", "x"]) == 2
    assert service.step == 2
    assert capfdbinary.readouterr().err.decode().splitlines()[-1] == f"towline: error: {GONE}"


@pytest.mark.parametrize(
    ("step", "error"), [(0, GONE), (1, Refused(404, "unknown_job", "No such job.", None))]
)
def test_what_will_not_pass_ends_the_command_at_once(
    service: Service, step: int, error: ClientError, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    service.fails = {step: error}
    assert main(["log", "-f", "x"]) == 2
    assert service.step == step
    assert capfdbinary.readouterr().err.decode() == f"towline: error: {error}\n"
