"""What AWS's own linter and checkov say of the two templates: nothing that isn't answered."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import ROOT

pytestmark = pytest.mark.slow

ANSWERS = ROOT / "infra" / "checkov.yaml"


@pytest.fixture(scope="module")
def folder(
    service: dict[str, Any], data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Both templates as files, as they are sent to AWS."""
    place = tmp_path_factory.mktemp("templates")
    for name, template in (("service", service), ("data", data)):
        (place / f"{name}.json").write_text(json.dumps(template, indent=1))
    return place


@pytest.mark.parametrize("name", ["service", "data"])
def test_cfn_lint_finds_nothing(folder: Path, name: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), str(folder / f"{name}.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.fixture(scope="module")
def findings(folder: Path) -> dict[str, Any]:
    """All that checkov has to say, without the answers of ``infra/checkov.yaml``."""
    program = os.environ.get("TOWLINE_CHECKOV")
    if not program:
        problem = "no checkov: make one with 'ci/checkov.sh FOLDER' and name it in TOWLINE_CHECKOV"
        if os.environ.get("TOWLINE_REQUIRE_DOCKER") == "1":
            pytest.fail(problem, pytrace=False)
        pytest.skip(problem)
    done = subprocess.run(
        [
            program, "-d", str(folder), "--framework", "cloudformation", "--output", "json",
            "--skip-download", "--soft-fail",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    assert not content["results"].get("parsing_errors")
    return content


def answered() -> set[str]:
    return set(re.findall(r"^  - (CKV\w+)$", ANSWERS.read_text(), re.MULTILINE))


def test_checkov_finds_nothing_that_is_not_answered(findings: dict[str, Any]) -> None:
    left = [
        f"{check['check_id']} {check['resource']}: {check['check_name']}"
        for check in findings["results"]["failed_checks"]
        if check["check_id"] not in answered()
    ]
    assert left == []


def test_every_answer_still_has_its_finding(findings: dict[str, Any]) -> None:
    found = {check["check_id"] for check in findings["results"]["failed_checks"]}
    assert answered() - found == set()


def test_every_answer_gives_its_reason() -> None:
    lines = ANSWERS.read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"  - CKV", line):
            before = next(above for above in reversed(lines[:number]) if "  - CKV" not in above)
            assert re.match(r"  # [^-].{20}", before), line


def skips(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, resource in template["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            yield name, skip


def test_every_exception_of_a_resource_gives_its_reason_and_is_needed(
    service: dict[str, Any], data: dict[str, Any], findings: dict[str, Any]
) -> None:
    used = {
        (check["resource"].rpartition(".")[2], check["check_id"])
        for check in findings["results"]["skipped_checks"]
    }
    for template in (service, data):
        for name, skip in skips(template):
            assert len(skip["comment"]) > 20, (name, skip)
            assert (name, skip["id"]) in used, (name, skip)
