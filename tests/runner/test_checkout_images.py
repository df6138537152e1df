"""The checkout in real containers, also where there is no git and no C library for it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, Hang
from tests.runner.checkouts import TOKEN, order, own_output, why
from tests.runner.containers import Begin, status
from tests.runner.fake_service import FakeService
from tests.runner.test_https import certificate_for

pytestmark = pytest.mark.docker
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@pytest.fixture(params=["base", "busybox", "musl"])
def image(request: pytest.FixtureRequest) -> str:
    """Debian with git of its own, nothing but busybox, and a distribution of musl's."""
    return str(request.getfixturevalue(f"{request.param}_image"))


SCRIPT = """
cat a lib/x; id -u; stat -c %u . a .git/config lib/x | sort -u
env | grep -E '^(GIT_|LD_|SSL_|HOME=)' | sort
[ -x /towline/git/git ] && command -v git
for file in /proc/[0-9]*/environ /proc/[0-9]*/cmdline .git/config .git/FETCH_HEAD; do
    grep -l -e MARK -e HEADER "$file" 2>/dev/null
done
true
"""


def test_the_commit_is_there_whatever_the_image_has(
    service: FakeService, server: GitServer, repository: Repository, begin: Begin, image: str
) -> None:
    server.token = TOKEN
    library = Repository(server.root, "library")
    below = library.pushed({"x": "library\n"})
    repository.commit({"a": "project\n"})
    repository.add_submodule("lib", "../library", below)
    wanted = repository.commit_index()
    repository.push()
    # Cut in two, so that the script itself is not what it finds.
    script = SCRIPT.replace("MARK", TOKEN[:-2] + "[" + TOKEN[-2] + "]" + TOKEN[-1])
    script = script.replace("HEADER", "x-access-toke[n]")
    asked = order(server, repository, wanted, submodules="recursive")
    service.script(script, user="1234:1234", checkout=asked)
    assert status(begin(image)) == 0
    lines = own_output(service).splitlines()
    own_git = [line for line in lines if line.endswith("/git")]
    assert [line for line in lines if line not in own_git] == [
        *("project", "library", "1234", "1234", "HOME=/"),
    ]
    assert own_git == (["/usr/bin/git"] if "base" in image else [])


def test_https_with_a_certificate_of_its_own(
    service: FakeService,
    server: GitServer,
    repository: Repository,
    begin: Begin,
    image: str,
    tmp_path: Path,
) -> None:
    public, private = certificate_for(LOOPBACK, tmp_path)
    server.secured(public, private)
    server.token = TOKEN
    wanted = repository.pushed({"a": "project\n"})
    service.script("cat a", checkout=order(server, repository, wanted))
    trusted: dict[str, Any] = {str(public): {"bind": "/own.pem", "mode": "ro"}}
    assert status(begin(image, {"SSL_CERT_FILE": "/own.pem"}, **trusted)) == 0
    assert own_output(service) == "project\n"


def test_a_certificate_that_nobody_trusts(
    service: FakeService,
    server: GitServer,
    repository: Repository,
    begin: Begin,
    busybox_image: str,
    tmp_path: Path,
) -> None:
    server.secured(*certificate_for(LOOPBACK, tmp_path))
    wanted = repository.pushed({"a": "project\n"})
    service.script("cat a", checkout=order(server, repository, wanted))
    assert status(begin(busybox_image)) == 125
    assert "is not trusted" in why(service)


def test_a_container_that_is_stopped_during_the_checkout(
    service: FakeService,
    server: GitServer,
    repository: Repository,
    begin: Begin,
    busybox_image: str,
) -> None:
    wanted = repository.pushed({"a": "project\n"})
    server.troubles.append(Hang())
    service.script("cat a", checkout=order(server, repository, wanted))
    container = begin(busybox_image)
    server.wait_until_asked()
    container.stop(timeout=30)
    assert status(container) == 125
    assert service.report["ended_by"] == "cancel"
