"""The package as ``towline deploy`` makes it, once for all tests here, and the two templates."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from towline.deploy.package import Package, make_package
from towline.deploy.template_parts import read_template

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that needs the package goes to one test process: making it takes seconds."""
    for item in items:
        if "package" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("package"))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What packaging reads of the source tree, copied, so that nothing changes on the way."""
    place = tmp_path_factory.mktemp("tree")
    copy_tree(ROOT, place)
    return place


def copy_tree(source: Path, target: Path) -> None:
    """Contents alone: neither dates nor modes."""
    for name in ("chalicelib", "infra"):
        shutil.copytree(
            source / name,
            target / name,
            copy_function=shutil.copyfile,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name in ("app.py", "requirements.txt", "constraints.txt"):
        shutil.copyfile(source / name, target / name)


@pytest.fixture(scope="session")
def package(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The service packaged for arm64, as a deployment has it by default."""
    out = tmp_path_factory.mktemp("package")
    return make_package(tree, out, stage="test", architecture="arm64")


@pytest.fixture(scope="session")
def service(package: Package) -> dict[str, Any]:
    """The service's whole template, before SAM transforms it."""
    return package.template


@pytest.fixture(scope="session")
def data() -> dict[str, Any]:
    """The data stack's template."""
    return read_template(ROOT / "infra" / "data.yaml")
