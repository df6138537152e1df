"""The zips that Lambda gets: what is in them, for which machine, and the same each time."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from chalice.constants import MISSING_DEPENDENCIES_TEMPLATE

from tests.infra.conftest import copy_tree
from towline.deploy.errors import DeployError
from towline.deploy.package import (
    ARCHITECTURE_OUTPUT,
    ROOM_BYTES,
    Package,
    check_python,
    make_package,
)

pytestmark = pytest.mark.slow

AARCH64 = 183
"""``e_machine`` in an ELF header (elf.h: EM_AARCH64)."""
UNCHECKED = (1).to_bytes(4, "little")
"""A .pyc's flags: made of a hash, never compared with the source (PEP 552)."""
MIB = 1 << 20


def test_the_zips_sizes_and_what_they_unpack_to(
    package: Package, record_property: Callable[[str, object], None]
) -> None:
    """Lambda takes 250 MB unpacked; each MB more is paid for at every cold start."""
    sizes = {}
    for name, path in (("functions", package.code), ("layer", package.layer)):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        sizes[name] = f"{path.stat().st_size / MIB:.1f} MiB zipped, {unpacked / MIB:.1f} unpacked"
    record_property("package", sizes)
    assert package.code.stat().st_size < 2 * MIB
    assert package.layer.stat().st_size < 14 * MIB


def test_the_functions_zip_holds_the_service_and_nothing_of_the_command_line(
    package: Package,
) -> None:
    with zipfile.ZipFile(package.code) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops <= {"app.py", "chalicelib", "chalice", "__pycache__"}
    assert {"app.py", "chalicelib", "chalice"} <= tops


def test_every_native_module_is_for_the_functions_machine(package: Package) -> None:
    """Wheels of this machine would fail at the first import on Lambda."""
    machines = {}
    for path in (package.code, package.layer):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                head = archive.read(name)[:20]
                if head.startswith(b"\x7fELF"):
                    machines[name] = int.from_bytes(head[18:20], "little")
    assert any("_pydantic_core" in name for name in machines)
    assert set(machines.values()) == {AARCH64}, machines


@pytest.mark.parametrize("which", ["code", "layer"])
def test_every_module_has_bytecode_that_is_trusted_unseen(package: Package, which: str) -> None:
    with zipfile.ZipFile(getattr(package, which)) as archive:
        names = set(archive.namelist())
        sources = [name for name in names if name.endswith(".py") and ".data/" not in name]
        assert len(sources) > 50
        for source in sources:
            bytecode = importlib.util.cache_from_source(source)
            assert bytecode in names, source
            head = archive.read(bytecode)[:8]
            assert head == importlib.util.MAGIC_NUMBER + UNCHECKED, bytecode


def test_python_runs_the_bytecode_and_never_reads_the_source(
    package: Package, tmp_path: Path
) -> None:
    """The sources are made useless first: what is imported can only be the bytecode."""
    with zipfile.ZipFile(package.code) as archive:
        archive.extractall(tmp_path)
    for source in (tmp_path / "chalicelib").rglob("*.py"):
        source.write_text("raise SystemExit('the source was compiled')\n")
    code = "import chalicelib.domain.decide as decide; print(decide.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path), done.stderr


def test_the_same_tree_gives_the_same_package(package: Package, tree: Path, tmp_path: Path) -> None:
    """From a copy elsewhere, with other dates and with caches that must not matter."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy_tree(tree, elsewhere)
    cache = elsewhere / "chalicelib" / "__pycache__"
    cache.mkdir()
    (cache / "stale.cpython-311.pyc").write_bytes(b"stale")
    again = make_package(elsewhere, tmp_path / "out", stage="test", architecture="arm64")
    assert (again.code_key, again.layer_key) == (package.code_key, package.layer_key)
    assert again.code.read_bytes() == package.code.read_bytes()
    assert again.layer.read_bytes() == package.layer.read_bytes()
    assert again.template == package.template


def test_keys_are_made_of_the_content_and_the_template_names_them(package: Package) -> None:
    for path, key in ((package.code, package.code_key), (package.layer, package.layer_key)):
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:32] in key
    bucket = {"Ref": "PackagesBucket"}
    for resource in package.template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            assert properties["CodeUri"] == {"Bucket": bucket, "Key": package.code_key}
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            assert properties["ContentUri"] == {"Bucket": bucket, "Key": package.layer_key}


def test_the_template_tells_a_later_deploy_what_the_functions_are_for(package: Package) -> None:
    assert package.template["Outputs"][ARCHITECTURE_OUTPUT] == {"Value": "arm64"}


def test_a_disk_without_room_is_told_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        shutil, "disk_usage", lambda place: SimpleNamespace(free=ROOM_BYTES - 1, place=place)
    )
    with pytest.raises(DeployError, match="has 199 MiB free, and packaging needs 200 MiB"):
        make_package(tmp_path, tmp_path / "out", stage="test", architecture="arm64")


def test_a_disk_that_fills_up_is_named_beside_the_file(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path, **_: object) -> None:
        raise shutil.Error([(f"{source}/ports.py", str(target), os.strerror(errno.ENOSPC))])

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(DeployError, match=r"chalicelib/ports.py could not be copied .* No space"):
        make_package(tree, tmp_path / "out", stage="test", architecture="arm64")


def test_a_wheel_that_chalice_only_warns_of_stops_the_deploy(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = MISSING_DEPENDENCIES_TEMPLATE % "cryptography==50.0.2"
    whole = subprocess.CompletedProcess[str]([], 0, stdout=warning, stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: whole)
    with pytest.raises(DeployError, match=r"(?s)could not be packaged.*cryptography==50\.0\.2"):
        make_package(tree, tmp_path / "out", stage="test", architecture="arm64")


def test_a_tree_that_is_not_whole_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="a whole copy of Towline"):
        make_package(tmp_path / "nothing", tmp_path / "out", stage="test", architecture="arm64")


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_a_python_that_lambda_does_not_run_is_refused_before_anything_is_made(
    version: tuple[int, int],
) -> None:
    with pytest.raises(DeployError, match=r"Lambda has no runtime.*Python 3\.11 to 3\.14"):
        check_python(version)
    check_python((3, 11))
    check_python((3, 14))
