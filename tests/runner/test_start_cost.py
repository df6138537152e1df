"""What every job pays for: the modules that the runner's start may import."""

from __future__ import annotations

import subprocess
import sys

from tests.runner.conftest import RUNNER

# Each of these pulls in others, milliseconds of them, before the claim is on its way.
DEAR = {
    *("typing", "re", "enum", "collections", "functools", "contextlib", "json", "socket", "signal"),
    *(
        "threading",
        "selectors",
        "subprocess",
        "logging",
        "urllib",
        "http",
        "email",
        "ssl",
        "ctypes",
    ),
    *("argparse", "dataclasses", "pathlib", "tempfile", "shutil", "random", "hashlib", "base64"),
}
BEFORE_THE_CLAIM = "from towline_runner import life"
BEFORE_THE_SCRIPT = (
    "from towline_runner import life, delivery, equipment, job, kernel, running, work"
)


def imported_by(statement: str) -> set[str]:
    program = (
        f"import sys; sys.path.insert(0, {str(RUNNER.parent)!r}); {statement}\nprint(*sys.modules)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_nothing_dear_is_imported_before_the_claim() -> None:
    modules = imported_by(BEFORE_THE_CLAIM)
    assert modules & DEAR == set()
    ours = {name for name in modules if name.startswith("towline_runner.")}
    assert ours == {
        f"towline_runner.{name}"
        for name in (
            "child",
            "codec",
            "life",
            "service",
            "signals",
            "starter",
            "surroundings",
            "voice",
            "wire",
        )
    }


def test_nothing_dear_is_imported_before_the_script_starts() -> None:
    assert imported_by(BEFORE_THE_SCRIPT) & DEAR == set()


def test_jobs_without_a_checkout_import_nothing_of_it() -> None:
    ours = imported_by(BEFORE_THE_SCRIPT)
    assert [name for name in ours if name.startswith("towline_runner.checkout")] == []
