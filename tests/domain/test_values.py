"""Specs and evidence: what is refused at the door, and in which words."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop
from chalicelib.domain.spec import MAX_SCRIPT_BYTES, JobSpec


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "exactly one of script, script_base64 and command"),
        ({"script": "x", "command": ["y"]}, "exactly one of"),
        ({"command": []}, "command must name a program"),
        ({"command": [""]}, "command must name a program"),
        ({"command": ["a\0b"]}, "NUL"),
        ({"script": "x", "shell": ["a\0"]}, "NUL"),
        ({"script_base64": "%%%"}, "not base64"),
        ({"script": "x" * (MAX_SCRIPT_BYTES + 1)}, "at most 4 MiB"),
        ({"script": "x", "timeout_s": 0}, "greater than 0"),
        ({"script": "x", "timeout_s": float("inf")}, "timeout_s"),
        ({"script": "x", "timeout_s": float("nan")}, "timeout_s"),
        ({"script": "x", "project": "a b"}, "a project's name"),
        ({"script": "x", "image": "two words"}, "is not an image reference"),
        ({"script": "x", "env": {"A=B": "c"}}, "can't be an environment variable"),
        ({"script": "x", "env": {"A": "b\0"}}, "can't be an environment variable"),
        ({"script": "x", "secrets": ["not-a-name"]}, "is not a secret's name"),
        ({"script": "x", "user": "no body"}, "is not a user"),
        ({"script": "x", "workdir": "relative"}, "absolute path"),
        ({"script": "x", "memory_mb": 5}, "Extra inputs"),
    ],
)
def test_a_spec_that_can_not_work_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        JobSpec(**fields)


def test_a_script_keeps_its_exact_bytes() -> None:
    raw = b"printf '\\377' \xff\n"
    assert JobSpec(script_base64=base64.b64encode(raw).decode()).script_bytes == raw
    assert JobSpec(script="é\n").script_bytes == "é\n".encode()
    assert JobSpec(script="").script_bytes == b""
    assert JobSpec(command=("true",)).script_bytes is None


def test_a_spec_survives_the_way_into_the_table_and_back() -> None:
    spec = JobSpec(command=("a", "b"), env={"A": None, "B": ""}, shell=(), timeout_s=1.5)
    assert JobSpec.model_validate_json(spec.model_dump_json(exclude_defaults=True)) == spec


@pytest.mark.parametrize(
    ("exited", "status"),
    [
        (ProcessExit(code=0), 0),
        (ProcessExit(code=137), 137),
        (ProcessExit(signal=9), 137),
        (ProcessExit(), None),
    ],
)
def test_a_status_is_what_the_container_would_end_with(
    exited: ProcessExit, status: int | None
) -> None:
    assert exited.as_container_status == status


@pytest.mark.parametrize("fields", [{"code": 1, "signal": 9}, {"code": 256}, {"signal": 0}])
def test_an_impossible_exit_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ProcessExit(**fields)


@pytest.mark.parametrize(
    ("exited", "ended_by"),
    [(ProcessExit(code=0), EndedBy.NOT_STARTED), (ProcessExit(), EndedBy.SCRIPT)],
)
def test_an_exit_is_known_exactly_when_the_script_was_started(
    exited: ProcessExit, ended_by: EndedBy
) -> None:
    with pytest.raises(ValidationError, match="exit is known exactly"):
        Report(exit=exited, ended_by=ended_by)


def test_a_report_of_a_newer_runner_is_understood() -> None:
    told = Report.model_validate(
        {"exit": {"code": 0, "new": 1}, "ended_by": "script", "invented_later": True}
    )
    assert told.exit.code == 0


@pytest.mark.parametrize(
    "told",
    [
        "2026-03-01T12:00:21.500Z",
        "2026-03-01T12:00:21.500000+00:00",
        "2026-03-01T12:00:21.500000999Z",
        "2026-03-01T14:00:21.5+02:00",
        datetime(2026, 3, 1, 12, 0, 21, 500_000, tzinfo=UTC),
    ],
    ids=["runner", "python", "docker", "zone", "ecs"],
)
def test_all_witnesses_times_are_kept_in_one_form(told: Any) -> None:
    stop = Stop(task_id="t", version=1, started_at=told, stopped_at=told)
    report = Report(exit=ProcessExit(code=0), ended_by=EndedBy.SCRIPT, ended_at=told)
    assert {stop.started_at, stop.stopped_at, report.ended_at} == {"2026-03-01T12:00:21.500000Z"}
    assert Stop.model_validate(stop.model_dump(mode="json")) == stop


@pytest.mark.parametrize("told", ["", "soon", "2026-03-01T12:00:21", 12, None])
def test_a_time_that_can_not_be_read_is_left_out_and_the_evidence_stays(told: Any) -> None:
    assert Stop(task_id="t", version=1, exit_code=3, stopped_at=told).stopped_at is None
