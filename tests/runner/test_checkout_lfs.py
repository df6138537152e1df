"""Large files: fetched by a real git-lfs, from a server that speaks its API."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, basic
from tests.fakes.lfs_server import LargeFiles, large_files
from tests.runner.checkouts import TOKEN, order, own_output, why
from tests.runner.containers import Begin, status
from tests.runner.fake_service import FakeService
from tests.runner.test_https import LOOPBACK, certificate_for

Run = Callable[..., int]
LARGE = b"large\n" * 1000
HERE = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not on this machine")
PATH = {"PATH": os.environ["PATH"]}


@pytest.fixture
def large(server: GitServer) -> Iterator[LargeFiles]:
    """Where ``server`` has its large files."""
    with large_files() as made:
        server.large = made
        yield made


def pointed(repository: Repository, large: LargeFiles, content: bytes = LARGE) -> str:
    """A commit whose ``x.bin`` stands for ``content``."""
    repository.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    return repository.pushed({"x.bin": large.pointer(content)})


@HERE
def test_large_files_come_with_the_token_which_their_storage_is_not_shown(
    run: Run, service: FakeService, server: GitServer, repository: Repository, large: LargeFiles
) -> None:
    server.token = TOKEN
    asked = order(server, repository, pointed(repository, large), lfs=True)
    script = "wc -l <x.bin; git status --porcelain; git config filter.lfs.clean"
    assert run(script, checkout=asked, env=PATH) == 0
    assert own_output(service) == "1000\ngit-lfs clean -- %f\n"
    assert {shown for _, shown in server.requests} == {basic(TOKEN)}
    assert large.shown == [None]


@HERE
def test_a_server_that_the_repository_names_is_asked_without_the_token(
    run: Run, service: FakeService, server: GitServer, repository: Repository, large: LargeFiles
) -> None:
    server.token = TOKEN
    repository.write(".lfsconfig", f"[lfs]\nurl = http://127.0.0.1:{large.server_port}/mine\n")
    asked = order(server, repository, pointed(repository, large), lfs=True)
    assert run("wc -l <x.bin", checkout=asked, env=PATH) == 0
    assert own_output(service) == "1000\n"
    assert large.shown == [None, None]


@HERE
def test_a_repository_can_not_ask_for_ssh(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    large: LargeFiles,
    tmp_path: Path,
) -> None:
    ssh, called = tmp_path / "programs" / "ssh", tmp_path / "called"
    ssh.parent.mkdir()
    ssh.write_text(f"#!/bin/sh\ntouch {called}\nexit 1\n")
    ssh.chmod(0o755)
    repository.write(".lfsconfig", "[lfs]\nurl = ssh://git@127.0.0.1/mine\n")
    asked = order(server, repository, pointed(repository, large), lfs=True)
    path = {"PATH": f"{ssh.parent}:{os.environ['PATH']}"}
    assert run("cat x.bin", checkout=asked, env=path) == 125
    assert "the large files of" in why(service)
    assert not called.exists()


@HERE
def test_a_submodule_brings_its_large_files(
    run: Run, service: FakeService, server: GitServer, repository: Repository, large: LargeFiles
) -> None:
    library = Repository(server.root, "library")
    below = pointed(library, large, b"of the library\n")
    repository.commit({"a": "project\n"})
    repository.add_submodule("lib", "../library", below)
    wanted = repository.commit_index()
    repository.push()
    asked = order(server, repository, wanted, lfs=True, submodules="shallow")
    assert run("cat lib/x.bin", checkout=asked, env=PATH) == 0
    assert own_output(service) == "of the library\n"


@HERE
@pytest.mark.parametrize("kept", [None, b"other\n" * 1000], ids=["gone", "another"])
def test_a_large_file_that_is_gone_or_another_is_an_error_of_the_checkout(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    large: LargeFiles,
    kept: bytes | None,
) -> None:
    asked = order(server, repository, pointed(repository, large), lfs=True)
    (digest,) = large.objects
    if kept is None:
        large.objects.clear()
    else:
        large.objects[digest] = kept
    assert run("cat x.bin", checkout=asked, env=PATH) == 125
    assert f"the large files of {server.url('project')}" in why(service)


def test_large_files_need_git_lfs(
    run: Run, service: FakeService, server: GitServer, repository: Repository, large: LargeFiles
) -> None:
    asked = order(server, repository, pointed(repository, large), lfs=True)
    assert run("cat x.bin", checkout=asked, env={"PATH": "/nonexistent"}, by=["/bin/sh"]) == 125
    assert "there is no git-lfs" in why(service)
    assert server.requests == []


# The script's own git, where the image has one; else the runner's, to see what it would see.
LOOKS = """
wc -l <x.bin
command -v git >/dev/null || export PATH="/towline/git:$PATH" GIT_EXEC_PATH=/towline/git
git -c safe.directory='*' status --porcelain
git config filter.lfs.clean
"""


@pytest.mark.docker
@pytest.mark.parametrize(
    ("kind", "program"), [("base", "git-lfs"), ("busybox", "/towline/git/git-lfs")]
)
def test_large_files_come_into_any_image(
    service: FakeService,
    server: GitServer,
    repository: Repository,
    large: LargeFiles,
    begin: Begin,
    kind: str,
    program: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    """Also where there is neither git nor git-lfs, and afterwards no file looks changed."""
    image = str(request.getfixturevalue(f"{kind}_image"))
    public, private = certificate_for(LOOPBACK, tmp_path)
    server.secured(public, private)
    server.token = TOKEN
    asked = order(server, repository, pointed(repository, large), lfs=True)
    service.script(LOOKS, user="1234:1234", checkout=asked)
    trusted: dict[str, Any] = {str(public): {"bind": "/own.pem", "mode": "ro"}}
    ended = status(begin(image, {"SSL_CERT_FILE": "/own.pem"}, **trusted))
    assert ended == 0, service.log.decode()
    assert own_output(service).split("\n") == ["1000", f"{program} clean -- %f", ""]
    assert large.shown == [None]
