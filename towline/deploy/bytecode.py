"""Adds bytecode to a package, byte for byte the same each time.

Lambda's file system is read-only: without bytecode in the package every cold start compiles every
module. Unchecked hashes make Python trust it without looking at the source
(https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from towline.deploy.errors import DeployError

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can hold, and what Chalice uses."""
ZIP_MODE = 0o644 << 16
COMPILE_LIMIT_S = 120.0


def add_bytecode(package: Path, target: Path, *, installed_at: str) -> None:
    """Write ``package`` anew as ``target``, with the bytecode of each of its modules.

    ``installed_at`` is where Lambda unpacks it, which tracebacks then name. The same package gives
    the same bytes with the same interpreter: entries are sorted and dated alike, and one fresh
    process compiles them in order. Raises ``DeployError`` for a module that can't be compiled.
    """
    with tempfile.TemporaryDirectory(prefix="towline-package-") as place:
        folder = Path(place)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        _compile(folder, installed_at)
        write_zip(folder, target)


def write_zip(folder: Path, target: Path) -> None:
    """The folder's files as a zip that depends on their names and contents alone."""
    names = sorted(path.relative_to(folder).as_posix() for path in _files(folder))
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = ZIP_MODE
            archive.writestr(entry, (folder / name).read_bytes(), compresslevel=9)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _compile(folder: Path, installed_at: str) -> None:
    # A process of its own: what this one has loaded would leave traces in the bytes (marshal
    # writes a string that is shared differently from one that is not).
    done = subprocess.run(
        [
            sys.executable, "-s", "-S", "-P", "-m", "compileall", "-q", "-f", "-j", "1",
            "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", installed_at,
            str(folder),
        ],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=COMPILE_LIMIT_S,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise DeployError(f"the package holds a module that can't be compiled: {said}")
