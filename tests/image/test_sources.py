"""What the runner's image is made of, and the name that its content gives it. No engine needed."""

from __future__ import annotations

import json
import re
import tarfile

import pytest

from towline.runner_build import ENTRYPOINT, runner_folder, runner_program
from towline.runner_build.sources import build_context, content_hash, image_files

FILES = {"Dockerfile": b"FROM x\n", "towline_runner/__main__.py": b"pass\n"}


def test_dockerfile_starts_the_runner_as_other_images_do() -> None:
    text = (runner_folder() / "Dockerfile").read_text().replace("\\\n", " ")
    match = re.search(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    assert match
    assert tuple(json.loads(match[1])) == ENTRYPOINT


def test_files_of_the_image_are_the_dockerfile_its_step_and_the_runner() -> None:
    files = image_files(runner_folder())
    assert {"Dockerfile", "assemble.py", "towline_runner/__main__.py"} <= files.keys()
    assert not [path for path in files if "__pycache__" in path]
    assert (runner_program() / "__main__.py").is_file()


@pytest.mark.parametrize(
    ("files", "base"),
    [
        ({**FILES, "Dockerfile": b"FROM y\n"}, "sha256:1"),
        ({**FILES, "new.py": b""}, "sha256:1"),
        ({"Dockerfile": FILES["Dockerfile"]}, "sha256:1"),
        (FILES, "sha256:2"),
        ({"Dockerfile": b"FROM x\ntowline_runner/__main__.py\n5\npass\n"}, "sha256:1"),
    ],
    ids=["changed", "added", "removed", "other base", "contents run together"],
)
def test_other_content_has_another_name(files: dict[str, bytes], base: str) -> None:
    assert content_hash(files, base) != content_hash(FILES, "sha256:1")


def test_same_content_has_the_same_name_and_context_in_any_order() -> None:
    turned = dict(reversed(FILES.items()))
    assert content_hash(turned, "sha256:1") == content_hash(FILES, "sha256:1")
    assert build_context(turned).getvalue() == build_context(FILES).getvalue()


def test_context_holds_the_files_for_everyone_to_read() -> None:
    with tarfile.open(fileobj=build_context(FILES)) as tar:
        found = {member.name: (member.mode, member.mtime) for member in tar.getmembers()}
    assert found == dict.fromkeys(FILES, (0o644, 0))
