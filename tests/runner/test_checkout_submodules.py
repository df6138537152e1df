"""Submodules: which are made, from where, and who is shown the token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, basic, git_server
from tests.runner.checkouts import TOKEN, order, own_output, why
from tests.runner.fake_service import FakeService
from towline_runner.checkout.address import resolve
from towline_runner.checkout.failure import CheckoutFailed

Run = Callable[..., int]


@pytest.fixture
def nested(server: GitServer, repository: Repository) -> str:
    """``project`` has ``library`` at lib, and that has ``core`` at core; the commit."""
    core, library = Repository(server.root, "core"), Repository(server.root, "library")
    below = core.pushed({"core.txt": "core\n"})
    core.pushed({"core.txt": "later\n"})
    library.commit({"lib.txt": "library\n"})
    library.add_submodule("core", "../core", below)
    middle = library.commit_index()
    library.push()
    repository.commit({"a": "1"})
    repository.add_submodule("deep/lib", "../library", middle)
    wanted = repository.commit_index()
    repository.push()
    return wanted


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("none", []),
        ("shallow", ["deep/lib/lib.txt"]),
        ("recursive", ["deep/lib/core/core.txt", "deep/lib/lib.txt"]),
    ],
)
def test_submodules_come_as_far_as_asked_for(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    nested: str,
    kind: str,
    found: list[str],
) -> None:
    server.token = TOKEN
    asked = order(server, repository, nested, submodules=kind)
    script = "find deep -name '*.txt' | sort; cat deep/lib/core/core.txt; git status --porcelain"
    assert run(f"({script}) 2>/dev/null; true", checkout=asked) == 0
    lines = own_output(service).splitlines()
    assert lines == [*found, *(["core"] if kind == "recursive" else [])]


def test_the_scripts_own_git_knows_the_submodules(
    run: Run, service: FakeService, server: GitServer, repository: Repository, nested: str
) -> None:
    asked = order(server, repository, nested, submodules="recursive")
    assert run("git submodule status --recursive | cut -c1,42-", checkout=asked) == 0
    lines = [line.split(" (")[0] for line in own_output(service).splitlines()]
    assert lines == ["  deep/lib", "  deep/lib/core"]


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[GitServer]:
    root = tmp_path / "others" / "served"
    root.mkdir(parents=True)
    with git_server(root) as server:
        yield server


def test_another_server_is_never_shown_the_token(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    other_server: GitServer,
) -> None:
    server.token = TOKEN
    foreign = Repository(other_server.root, "foreign")
    below = foreign.pushed({"x": "foreign\n"})
    repository.commit({"a": "1"})
    repository.add_submodule("lib", other_server.url("foreign"), below)
    wanted = repository.commit_index()
    repository.push()
    asked = order(server, repository, wanted, submodules="shallow")
    assert run("cat lib/x", checkout=asked) == 0
    assert own_output(service) == "foreign\n"
    assert server.shown("project") == {basic(TOKEN)}
    assert other_server.shown("foreign") == {None}


def test_a_redirect_does_not_carry_the_token_away(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    other_server: GitServer,
) -> None:
    server.token = TOKEN
    wanted = repository.pushed({"a": "1"})
    server.moved["/project"] = other_server.url("project")
    assert run("cat a", checkout=order(server, repository, wanted)) == 125
    assert "sends" in why(service)
    assert other_server.requests == []


def test_a_submodule_of_another_kind_of_address_is_refused_in_words(
    run: Run, service: FakeService, server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"a": "1"})
    repository.add_submodule("lib", f"ext::sh -c touch% {tmp_path}/ran", "1" * 40)
    wanted = repository.commit_index()
    repository.push()
    asked = order(server, repository, wanted, submodules="recursive")
    assert run("true", checkout=asked) == 125
    assert "'lib' has the address" in why(service)
    assert not (tmp_path / "ran").exists()


HERE = "https://host.test/owner/project.git"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("../other.git", "https://host.test/owner/other.git"),
        ("./below", "https://host.test/owner/project.git/below"),
        ("../../else/x", "https://host.test/else/x"),
        ("https://other.test/a/b", "https://other.test/a/b"),
        ("https://user:pass@other.test/a/b", "https://other.test/a/b"),
        ("git@host.test:owner/x.git", "https://host.test/owner/x.git"),
        ("ssh://git@host.test:22/owner/x.git", "https://host.test/owner/x.git"),
    ],
)
def test_an_address_is_taken_as_git_means_it(written: str, address: str) -> None:
    assert resolve(written, "x", HERE) == address


@pytest.mark.parametrize(
    "written",
    [
        *("../../../up", "/etc", "file:///etc", "http://other.test/x", "git@other.test:a/b"),
        *("ext::sh -c id", "ext::sh", "-oProxyCommand=x", "git://host.test/x", "", "a b"),
    ],
)
def test_any_other_address_is_refused(written: str) -> None:
    with pytest.raises(CheckoutFailed, match="'x'"):
        resolve(written, "x", HERE)
