"""The deployable service: one template and two zips, made by ``chalice package``.

Chalice makes functions, API and roles of ``app.py``; ``infra/service/`` says the rest. The result
names its zips by their content, so that the same code is uploaded once and a change set shows a
change only where there is one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from towline.deploy.bytecode import add_bytecode
from towline.deploy.errors import DeployError
from towline.deploy.template_parts import check_whole, join_parts

Architecture = Literal["arm64", "x86_64"]
ARCHITECTURES: tuple[Architecture, ...] = ("arm64", "x86_64")
ARCHITECTURE_OUTPUT = "FunctionArchitecture"
"""The stack's output that tells a later deploy what the functions are for."""

API_STAGE = "api"
FUNCTIONS = (
    "api_handler", "launcher", "task_state", "builder", "notifier", "outbox", "reaper",
)  # fmt: skip
"""As Chalice names them; each has a role of its own."""
CODE_FOLDER = "/var/task"
LAYER_FOLDER = "/opt"
"""Where Lambda unpacks a function's zip and a layer's."""
PYTHONS = ((3, 11), (3, 14))
"""The first and the last Python that this project and Lambda have in common.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"""
COMPRESS_FROM_BYTES = 1024
CHALICE_LIMIT_S = 300.0
WHEELS_MISSING = "Could not install dependencies"
"""What Chalice prints, with exit status 0, when wheels are missing (chalice.constants)."""
ROOM_BYTES = 200 << 20
"""What packaging needs in the folder for temporary files, with some to spare: pip, which Chalice
calls, does not say that a disk is full."""

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
_NO_RIGHTS = {"Version": "2012-10-17", "Statement": []}


@dataclass(frozen=True, slots=True)
class Package:
    """What ``towline deploy`` uploads. Both keys are made of the content."""

    template: dict[str, Any]
    """The service's template, not yet transformed. Its parameter ``PackagesBucket`` is the bucket
    that holds the zips under their keys."""
    code: Path
    layer: Path
    code_key: str
    layer_key: str


def make_package(root: Path, out: Path, *, stage: str, architecture: Architecture) -> Package:
    """Package the source tree at ``root`` into the folder ``out``; the same tree gives the same.

    Downloads the wheels of ``requirements.txt`` for ``architecture`` by pip, in the versions that
    ``constraints.txt`` pins where there is one. The functions' Python is this interpreter's.
    Raises ``DeployError`` that says what is wrong.
    """
    check_python(sys.version_info[:2])
    _check_room()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="towline-package-") as place:
        folder = Path(place)
        _stage_sources(root, folder)
        _write_config(folder, stage, architecture)
        part = folder / "part.json"
        part.write_text(json.dumps(join_parts(root / "infra" / "service")))
        packed = folder / "packed"
        _run_chalice(folder, stage, part, packed)
        code, layer = out / "functions.zip", out / "layer.zip"
        add_bytecode(packed / "deployment.zip", code, installed_at=CODE_FOLDER)
        add_bytecode(packed / "layer-deployment.zip", layer, installed_at=LAYER_FOLDER)
        template = json.loads((packed / "sam.json").read_text())
    check_whole(template)
    code_key = f"functions/{_digest(code)}.zip"
    layer_key = f"layers/{_digest(layer)}.zip"
    _point_to(template, code_key, layer_key)
    template["Description"] = "Towline: runs every job in a container of its own"
    template["Parameters"]["Stage"]["Default"] = stage
    template["Outputs"][ARCHITECTURE_OUTPUT] = {"Value": architecture}
    return Package(template, code, layer, code_key, layer_key)


def check_python(version: tuple[int, int]) -> None:
    """Raise ``DeployError`` when Lambda has no runtime of this Python: CloudFormation would say so
    after minutes, in the middle of a deployment."""
    first, last = PYTHONS
    if not first <= version <= last:
        span = f"{first[0]}.{first[1]} to {last[0]}.{last[1]}"
        raise DeployError(
            f"Lambda has no runtime for Python {version[0]}.{version[1]}, and the functions run in "
            f"the Python that packages them: run towline with Python {span}"
        )


def _check_room() -> None:
    place = tempfile.gettempdir()
    free = shutil.disk_usage(place).free
    if free < ROOM_BYTES:
        raise DeployError(
            f"{place} has {free >> 20} MiB free, and packaging needs {ROOM_BYTES >> 20} MiB for a "
            "moment: make room, or set TMPDIR to another folder"
        )


def _stage_sources(root: Path, folder: Path) -> None:
    """Only what Lambda gets, so that nothing else in the tree can change the package."""
    try:
        shutil.copytree(root / "chalicelib", folder / "chalicelib", ignore=_LEFT_OUT)
        for name in ("app.py", "requirements.txt"):
            shutil.copyfile(root / name, folder / name)
    except shutil.Error as troubles:  # what copytree says of several files
        source, _, why = troubles.args[0][0]
        raise DeployError(f"{source} could not be copied to {folder}: {why}") from None
    except OSError as trouble:
        raise DeployError(
            f"{trouble.filename} can't be read ({trouble.strerror}): is {root} a whole copy of "
            "Towline?"
        ) from None
    pins = root / "constraints.txt"
    (folder / "constraints.txt").write_text(pins.read_text() if pins.exists() else "")


def _write_config(folder: Path, stage: str, architecture: Architecture) -> None:
    settings = folder / ".chalice"
    settings.mkdir()
    # Chalice wants a policy for each function to give it a role of its own; the real ones are in
    # infra/service/permissions.yaml, which replaces these.
    (settings / "no-rights.json").write_text(json.dumps(_NO_RIGHTS))
    functions = {name: {"iam_policy_file": "no-rights.json"} for name in FUNCTIONS}
    config = {
        "version": "2.0",
        "app_name": "towline",
        "automatic_layer": True,
        "autogen_policy": False,
        "lambda_architecture": architecture,
        "api_gateway_endpoint_type": "REGIONAL",
        "minimum_compression_size": COMPRESS_FROM_BYTES,
        "environment_variables": {"POWERTOOLS_SERVICE_NAME": "towline"},
        "stages": {stage: {"api_gateway_stage": API_STAGE, "lambda_functions": functions}},
    }
    (settings / "config.json").write_text(json.dumps(config))


def _run_chalice(folder: Path, stage: str, part: Path, packed: Path) -> None:
    environ = {
        **os.environ,
        # Chalice asks for a region, yet what it makes is for any.
        "AWS_DEFAULT_REGION": "us-east-1",
        "PIP_CONSTRAINT": str(folder / "constraints.txt"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
    done = subprocess.run(
        [
            sys.executable, "-c", "from chalice.cli import main; main()", "package",
            "--stage", stage, "--merge-template", str(part), str(packed),
        ],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=CHALICE_LIMIT_S,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise DeployError(f"the functions could not be packaged; chalice said:\n{said[-3000:]}")
    said = (done.stdout + done.stderr).strip()
    # Chalice only warns of a wheel that it could not get, and packs the rest.
    if WHEELS_MISSING in said or not (packed / "layer-deployment.zip").exists():
        raise DeployError(
            "the wheels that the functions need could not be packaged: is the package index "
            f"reachable?\n{said[-3000:]}"
        )


def _point_to(template: dict[str, Any], code_key: str, layer_key: str) -> None:
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": {"Ref": "PackagesBucket"}, "Key": code_key}
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = {"Bucket": {"Ref": "PackagesBucket"}, "Key": layer_key}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
