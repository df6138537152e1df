"""Large files: fetched by a real git-lfs, from a server that speaks its API."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable

import pytest

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, basic
from tests.runner.checkouts import TOKEN, order, own_output, why
from tests.runner.fake_service import FakeService

Run = Callable[..., int]
LARGE = b"large\n" * 1000


def pointed(repository: Repository) -> str:
    """A commit whose ``x.bin`` stands for ``LARGE``."""
    digest = hashlib.sha256(LARGE).hexdigest()
    repository.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(LARGE)}"
    return repository.pushed({"x.bin": f"{pointer}\n"})


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not on this machine")
def test_large_files_come_with_the_token(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    server.token = TOKEN
    wanted = pointed(repository)
    digest = hashlib.sha256(LARGE).hexdigest()
    href = server.url("project") + "/large"
    found = {"oid": digest, "size": len(LARGE), "actions": {"download": {"href": href}}}
    batch = json.dumps({"transfer": "basic", "objects": [found]}).encode()
    server.given["/project.git/info/lfs/objects/batch"] = ("application/vnd.git-lfs+json", batch)
    server.given["/project/large"] = ("application/octet-stream", LARGE)
    asked = order(server, repository, wanted, lfs=True)
    script = "wc -l <x.bin; git status --porcelain"
    assert run(script, checkout=asked, env={"PATH": os.environ["PATH"]}) == 0
    assert own_output(service) == "1000\n"
    assert {shown for _, shown in server.requests} == {basic(TOKEN)}


def test_large_files_need_git_lfs(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    asked = order(server, repository, pointed(repository), lfs=True)
    assert run("cat x.bin", checkout=asked, env={"PATH": "/nonexistent"}, by=["/bin/sh"]) == 125
    assert "there is no git-lfs" in why(service)
    assert server.requests == []
