"""What Lambda gets: what is imported at a cold start, and what is in the zip."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chalicelib.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("boto3", "botocore", "docker", "moto", "towline", "flask", "requests", "hypothesis")


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_the_app_loads_no_aws_client_no_engine_and_no_command_line() -> None:
    loaded = modules_after("import app")
    assert loaded.isdisjoint(HEAVY)


def test_no_module_of_the_service_loads_an_aws_client_by_being_imported() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "chalicelib").rglob("*.py")
        if path.name != "__init__.py"
    ]
    loaded = modules_after("\n".join(f"import {name}" for name in names))
    assert loaded.isdisjoint(HEAVY)


def test_the_version_is_the_projects() -> None:
    declared = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert declared[1] == VERSION


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """``chalice package`` of a copy that has everything beside it which must stay out."""
    project = tmp_path_factory.mktemp("project")
    for name in ("chalicelib", "towline", "runner_image", ".chalice"):
        shutil.copytree(
            ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "deployments")
        )
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, project / name)
    out = tmp_path_factory.mktemp("out")
    chalice = Path(sys.executable).with_name("chalice")
    subprocess.run(
        [str(chalice), "package", "--stage", "dev", str(out)],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
        timeout=150,
        # Chalice imports the app before it zips the folder.
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    template = json.loads((out / "sam.json").read_text())
    return out / "deployment.zip", template


@pytest.mark.slow
def test_the_zip_holds_what_lambda_needs_and_no_more(
    packaged: tuple[Path, dict[str, object]],
) -> None:
    names = set(zipfile.ZipFile(packaged[0]).namelist())
    tops = {name.split("/")[0] for name in names}
    assert {"app.py", "chalicelib", "chalice", "pydantic", "aws_lambda_powertools"} <= tops
    assert "chalicelib/usecases/dispatcher.py" in names
    assert tops.isdisjoint(HEAVY)
    assert tops.isdisjoint({"tests", "runner_image", "bench", "docs", "examples"})
    assert tops.isdisjoint({"pip", "setuptools", "s3transfer", "inquirer"})
    assert packaged[0].stat().st_size < 14 << 20
    assert not [name for name in names if name.startswith("chalicelib") and "__pycache__" in name]


@pytest.mark.slow
def test_the_template_has_one_function_for_each_way_in_and_a_regional_api(
    packaged: tuple[Path, dict[str, object]],
) -> None:
    resources = packaged[1]["Resources"]
    assert isinstance(resources, dict)
    functions = {
        name for name, what in resources.items() if what["Type"] == "AWS::Serverless::Function"
    }
    assert functions == {
        "APIHandler",
        "Launcher",
        "TaskState",
        "Reaper",
        "Builder",
        "Notifier",
        "Outbox",
    }
    api = resources["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
