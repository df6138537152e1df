"""A pairwise sample of the corpus in other images and as other users: the same ends everywhere."""

from __future__ import annotations

import pytest

from towline.cli.main import main

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


def totals(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The command's status, and its differences and last line."""
    status = main(["selftest", "--backend", "docker", *words])
    lines = capsys.readouterr().out.splitlines()
    return status, "\n".join(line for line in lines if not line.startswith("left out"))


def test_as_root_in_the_runners_own_image(
    base_image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOWLINE_RUNNER_BASE", base_image)
    status, said = totals(capsys, "--sample", "--all")
    assert " 0 different, 0 left out" in said
    assert status == 0, said


def test_as_a_plain_user_in_another_image(
    base_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--image", base_image, "--user", "1000:1000", "--sample", "--all"]
    status, said = totals(capsys, *words)
    assert " 0 different, 0 left out" in said
    assert status == 0, said


def test_in_an_image_whose_home_and_environment_would_end_every_shell(
    hostile_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--image", hostile_image, "--keep-home", "--sample", "--all"]
    status, said = totals(capsys, *words)
    assert " 0 different, 0 left out" in said
    assert status == 0, said


def test_in_an_image_that_holds_nothing_but_busybox(
    busybox_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = totals(capsys, "--image", busybox_image)
    assert " 0 different, " in said
    as_they_should_be = int(said.split(" cases: ")[1].split()[0])
    assert as_they_should_be >= 40
    assert status == 0, said
