"""Lane 6: a fresh function's start, from the unpacked package, beside importing boto3.

CPU time of one process each, by turns: moto answers from a process of its own, and a busy machine
makes nothing slower. boto3 is this environment's, as Lambda brings its own; its bytecode is there.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import cold_process
from bench.cold_events import first_events
from bench.figures import line, title
from bench.moto_process import moto_process
from towline.deploy.package import Package, make_package

ROOT = Path(__file__).parents[1]
FROM_LAMBDA = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
"""What Lambda's Python brings; the package must bring all else."""

Asked = Mapping[str, Any]


def run(rounds: int) -> None:
    title("Cold start, from the unpacked package (CPU of a fresh process)")
    with tempfile.TemporaryDirectory(prefix="towline-bench-") as place:
        folder = Path(place)
        arm = os.uname().machine in ("aarch64", "arm64")
        package = make_package(
            ROOT, folder / "out", stage="dev", architecture="arm64" if arm else "x86_64"
        )
        _sizes(package)
        with_bytecode = _unpacked(package, folder / "with")
        without = _unpacked(package, folder / "without")
        for cache in [*without.rglob("__pycache__")]:
            shutil.rmtree(cache)
        runtime = _runtime(folder / "runtime")
        _imports(with_bytecode, without, runtime, rounds)
        with moto_process() as endpoint:
            _first_requests(with_bytecode, runtime, endpoint, rounds)


def _sizes(package: Package) -> None:
    line("the functions' zip, KB", f"{package.code.stat().st_size / 1e3:.0f}")
    line("the layer's zip, KB", f"{package.layer.stat().st_size / 1e3:.0f}")
    unpacked = sum(
        info.file_size
        for path in (package.code, package.layer)
        for info in zipfile.ZipFile(path).infolist()
    )
    line("both unpacked, MB, of the 250 that Lambda takes", f"{unpacked / 1e6:.1f}", "<= 250")


def _imports(packed: Path, without: Path, runtime: Path, rounds: int) -> None:
    figures = _by_turns(
        {
            "app": lambda: _child(packed, runtime, {"module": "app"}),
            "app without bytecode": lambda: _child(without, runtime, {"module": "app"}),
            "boto3": lambda: _child(packed, runtime, {"module": "boto3"}),
        },
        rounds,
    )
    imports = {name: [each["import_ms"] for each in all_] for name, all_ in figures.items()}
    line("import app / import boto3", _ratio(imports["app"], imports["boto3"]), "<= 1.00")
    line(
        "import app without bytecode / with it",
        _ratio(imports["app without bytecode"], imports["app"]),
    )


def _first_requests(packed: Path, runtime: Path, endpoint: str, rounds: int) -> None:
    """Import and first event, each in a new process that makes its own clients."""
    environ, events = first_events(endpoint)
    lanes: dict[str, Callable[[], dict[str, Any]]] = {
        "boto3": lambda: _child(packed, runtime, {"module": "boto3"}, environ)
    }
    for name, event in events.items():
        lanes[name] = lambda event=event: _child(packed, runtime, event(), environ)  # type: ignore[misc]
    figures = _by_turns(lanes, rounds)
    boto3 = [each["import_ms"] for each in figures.pop("boto3")]
    for name, taken in figures.items():
        whole = [each["import_ms"] + each["first_ms"] for each in taken]
        line(f"import and first event, {name} / import boto3", _ratio(whole, boto3))


def _by_turns(
    lanes: Mapping[str, Callable[[], dict[str, Any]]], rounds: int
) -> dict[str, list[dict[str, Any]]]:
    for lane in lanes.values():
        lane()
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in lanes}
    for _ in range(rounds):
        for name, lane in lanes.items():
            taken[name].append(lane())
    return taken


def _ratio(one: list[float], other: list[float]) -> str:
    return f"{statistics.median(a / b for a, b in zip(one, other, strict=True)):.2f}"


def _child(
    packed: Path, runtime: Path, asked: Asked, environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    layer = packed / "opt" / "python" / "lib" / version / "site-packages"
    done = subprocess.run(
        # Without site: nothing of this virtual environment but what is named here.
        [sys.executable, "-S", "-B", cold_process.__file__],
        input=json.dumps(dict(asked)),
        env={
            "PYTHONPATH": os.pathsep.join(map(str, (packed / "task", layer, runtime))),
            "PATH": os.environ["PATH"],
            **(environ or {}),
        },
        cwd=packed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    answer = found["answer"]
    if isinstance(answer, dict):
        assert answer.get("statusCode", 200) < 300, answer
        assert not answer.get("batchItemFailures"), answer
    return found


def _unpacked(package: Package, place: Path) -> Path:
    for path, name in ((package.code, "task"), (package.layer, "opt")):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(place / name)
    return place


def _runtime(place: Path) -> Path:
    """The packages that Lambda's own Python has, linked from this environment."""
    place.mkdir()
    for name in FROM_LAMBDA:
        spec = find_spec(name)
        assert spec is not None, name
        assert spec.origin is not None, name
        source = Path(spec.origin)
        whole = source.parent if source.name == "__init__.py" else source
        (place / whole.name).symlink_to(whole)
    return place
