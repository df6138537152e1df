"""The fake GitHub itself: commits of a real repository, and deliveries over HTTP."""

from __future__ import annotations

import subprocess
from pathlib import Path

from chalicelib.github.client.github import GitHub
from chalicelib.github.deliveries import Delivery, receive
from chalicelib.github.events import CommitEvent
from chalicelib.github.read_event import read_event
from tests.fakes.github_server import GitHubServer, payloads
from tests.github.conftest import INSTALLATION


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Octo Cat", "-c", "user.email=octo@example.com"]
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_real_repository_is_read_pushed_and_compared(
    tmp_path: Path, server: GitHubServer, github: GitHub
) -> None:
    """What the end-to-end tests build on: files at commits, a push event, changed paths."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    shas = []
    for text in ("one", "two"):
        (tmp_path / "a b").mkdir(exist_ok=True)
        (tmp_path / "a b" / f"{text}.txt").write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "-m", f"{text}\n\nbody of {text}")
        shas.append(git(tmp_path, "rev-parse", "HEAD"))
    made = server.world.repository("octo/real", installation=INSTALLATION, git=tmp_path)
    project = github.for_installation(INSTALLATION)
    assert project.read.file("octo/real", "a b/two.txt", shas[1]) == b"two"
    assert project.read.file("octo/real", "a b/two.txt", shas[0]) is None
    assert project.read.commit("octo/real", "main").message == "two\n\nbody of two"
    assert project.read.paths_between("octo/real", *shas) == ("a b/two.txt",)

    payload = payloads.push(made, shas[1], before=shas[0])
    delivery = receive(*payloads.delivery("push", payload, "secret"), ["secret"])
    assert isinstance(delivery, Delivery)
    event = read_event(delivery)
    assert isinstance(event, CommitEvent)
    assert (event.sha, event.paths, event.title) == (shas[1], ("a b/two.txt",), "two")
