"""The zips that Lambda gets: what is in them, for which machine, and the same each time."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.conftest import copy_tree
from towline.deploy.errors import DeployError
from towline.deploy.package import Package, make_package

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
    assert package.layer.stat().st_size < 10 * MIB


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


def test_a_tree_that_is_not_whole_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="a whole copy of Towline"):
        make_package(tmp_path / "nothing", tmp_path / "out", stage="test", architecture="arm64")
