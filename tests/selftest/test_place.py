"""Which cases can be run where; nothing is left out silently."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from chalicelib.domain.verdict import Verdict
from tests.selftest.cases import case
from towline.selftest.case import CaseFile, Ending, Limits, Need
from towline.selftest.content import Content
from towline.selftest.place import (
    Place,
    has_own_folder,
    probe_script,
    programs_found,
    why_left_out,
)

HERE = Place(False, None, None, "/homes", frozenset({"bash", "zsh"}))
CONTAINER = Place(True, "an-image", None, "/homes", frozenset({"bash", "zsh"}))


def test_a_harmless_case_runs_everywhere() -> None:
    assert why_left_out(case(), HERE) is None
    assert why_left_out(case(), CONTAINER) is None


def test_what_needs_a_container_stays_out_of_this_machine() -> None:
    image_file = CaseFile("/etc/profile.d/x.sh", Content.of(b"exit 0"))
    for dangerous in (
        case(needs=frozenset({Need.PID1})),
        case(needs=frozenset({Need.CONTAINER})),
        case(user="root"),
        case(image_files=(image_file,)),
        case(limits=Limits(memory_bytes=1 << 26)),
        case(limits=Limits(pids=20)),
        case(limits=Limits(tmpfs={"/tmp": "1m"})),
    ):
        assert "container" in (why_left_out(dangerous, HERE) or "")
        assert why_left_out(dangerous, CONTAINER) is None


def test_programs_that_are_missing_are_named() -> None:
    wants = case(run_by=("mksh",), programs=frozenset({"perl"}))
    assert why_left_out(wants, CONTAINER) == "the image has no mksh, perl"


def test_a_missing_shell_that_the_case_is_about_is_no_reason() -> None:
    about = case(run_by=("no-such-shell",), ends=Ending(Verdict.ERRORED))
    assert why_left_out(about, CONTAINER) is None


def test_a_case_that_is_executed_itself_needs_its_interpreter() -> None:
    found = case(script="#!/usr/bin/env -S zsh -f\nexit 0\n", run_by=())
    assert why_left_out(found, CONTAINER) == "the image has no /usr/bin/env"
    missing = case(script="#!/bin/sh -e\nexit 0\n", run_by=())
    assert why_left_out(missing, CONTAINER) == "the image has no dash as its sh"


def test_cases_for_sh_presuppose_dash() -> None:
    assert why_left_out(case(run_by=("sh",)), CONTAINER) == "the image has no dash as its sh"


def test_the_probe_finds_what_is_here(tmp_path: Path) -> None:
    wanted = [case(run_by=("sh",)), case(run_by=("no-such-shell",)), case(run_by=())]
    script = tmp_path / "script"
    script.write_text(probe_script(wanted))
    said = subprocess.run(
        ["sh", str(script)], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert "no-such-shell" not in programs_found(said)
    is_dash = Path(shutil.which("sh") or "").resolve().name == "dash"
    assert ("sh:dash" in programs_found(said)) == is_dash
    assert has_own_folder(said)
    elsewhere = subprocess.run(
        ["sh", str(script)], cwd="/", check=True, capture_output=True, text=True
    ).stdout
    assert not has_own_folder(elsewhere)
