"""What can't be started is told in a sentence, and is never mistaken for a script's 126 or 127."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runner.conftest import Start
from tests.runner.fake_service import FakeService

Run = Callable[..., int]


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ({"shell": ["no-such-shell"]}, "The shell 'no-such-shell' was not found in the PATH"),
        ({"shell": ["/no/such/shell"]}, "The shell '/no/such/shell' does not exist"),
        ({"shell": ["/etc/passwd"]}, "can't be executed by the job's user (/etc/passwd)"),
        ({"shell": []}, "no #! line"),
        ({"shell": [], "script_mode": "0644"}, "permission denied"),
        ({"user": "nobody-we-know"}, "The user 'nobody-we-know' does not exist"),
        ({"user": "0:no-such-group"}, "The group 'no-such-group' does not exist"),
        ({"workdir": "/no/such/folder"}, "The working directory /no/such/folder does not exist"),
        ({"env": {"A": "b\0c"}}, "can't hold a NUL"),
        ({"env": {"A=B": "c"}}, "can't be the name"),
        ({"env": {"LONG": "x" * (4 << 20)}}, "too long for the kernel"),
        ({"files": [{"path": "/proc/no", "content_base64": ""}]}, "The job's file '/proc/no'"),
        ({"files": 5}, "could not read the job"),
    ],
)
def test_the_reason_is_a_sentence(
    run: Run, service: FakeService, work: dict[str, Any], words: str
) -> None:
    assert run("echo ran", **work) == 125

    report = service.report
    assert report["ended_by"] == "not_started"
    assert report["exit"] == {"code": None, "signal": None}
    assert words in report["detail"]
    assert report["detail"].endswith(".")
    assert service.objects == {}


def test_a_missing_interpreter_is_named(run: Run, service: FakeService) -> None:
    assert run("#!/no/such/interpreter -x\necho ran") == 125
    assert "'/no/such/interpreter' is missing" in service.report["detail"]


def test_a_carriage_return_in_the_interpreters_name_is_shown(
    run: Run, service: FakeService
) -> None:
    assert run("#!/bin/sh\r\necho ran\r\n") == 125
    assert r"'/bin/sh\r' (the script has Windows line ends) is missing" in service.report["detail"]


def test_a_missing_command_is_named(service: FakeService, start: Start) -> None:
    service.work |= {"command": ["no-such-command", "x"]}
    assert start().wait() == 125
    assert "The command 'no-such-command' was not found" in service.report["detail"]


def test_a_job_cancelled_before_the_claim_is_not_run(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    service.cancel_at_claim = True
    assert run(f"touch {tmp_path}/ran") == 125
    assert service.report["ended_by"] == "not_started"
    assert not (tmp_path / "ran").exists()


def test_without_surroundings_it_says_what_is_missing(start: Start) -> None:
    status, _, words = start({"TOWLINE_TOKEN": ""}).finish()
    assert status == 120
    assert b"TOWLINE_TOKEN must be set" in words
