"""The script finds exactly the commit that was asked for, as git would lay it out."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.git_repository import Repository, git
from tests.fakes.git_server import GitServer
from tests.runner.checkouts import TOKEN, order, own_output, why
from tests.runner.conftest import Start
from tests.runner.fake_service import FakeService

Run = Callable[..., int]


def test_the_script_starts_in_a_fresh_folder_with_the_commit(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    repository.write("run.sh", "#!/bin/sh\necho ran\n", 0o755)
    (repository.tree / "link").symlink_to("run.sh")
    repository.write("large.bin", b"\0\1\2\3" * (1 << 20))
    wanted = repository.pushed({"file.txt": "of the commit\n", "ä ö/ü": "x"})
    repository.pushed({"file.txt": "of a later one\n"})
    script = """
        ./run.sh; readlink link; cat file.txt; ls -d "ä ö/ü"; wc -c <large.bin
        git rev-parse HEAD; git status --porcelain; git symbolic-ref -q HEAD || echo detached
        git rev-list --count HEAD; git config remote.origin.url; git branch -r
        [ "$PWD" = "$TOWLINE_CHECKOUT" ] && [ "$(stat -c %u .)" = "$(id -u)" ] && echo mine
    """
    assert run(script, checkout=order(server, repository, wanted)) == 0
    lines = own_output(service).splitlines()
    assert lines == [
        *("ran", "run.sh", "of the commit", "ä ö/ü", str(4 << 20)),
        *(wanted, "detached", "1", server.url("project"), "  origin/main", "mine"),
    ]
    assert f"[towline: checkout of {server.url('project')} at {wanted}" in service.log.decode()
    assert service.report["ended_by"] == "script"


def test_the_whole_history_comes_with_branches_and_tags(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    repository.pushed()
    repository.git("tag", "v1")
    repository.push("v1", "HEAD:refs/heads/other")
    wanted = repository.pushed(message="second")
    script = "git rev-list --count HEAD; git describe --tags; git branch -r | sort"
    assert run(script, checkout=order(server, repository, wanted, depth=0)) == 0
    first, described, *branches = own_output(service).splitlines()
    assert (first, described.split("-")[0]) == ("2", "v1")
    assert branches == ["  origin/main", "  origin/other"]


def test_a_merge_ref_of_a_pull_request(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    repository.pushed({"a": "1"})
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit({"b": "2"})
    repository.git("checkout", "-q", "main")
    repository.commit({"c": "3"})
    repository.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    merge = repository.git("rev-parse", "HEAD")
    repository.push("HEAD:refs/pull/7/merge")
    asked = order(server, repository, merge, ref="refs/pull/7/merge")
    assert run("ls; git rev-parse HEAD", checkout=asked) == 0
    assert own_output(service).split() == ["a", "b", "c", merge]


def test_a_repository_with_sha256_names(run: Run, service: FakeService, server: GitServer) -> None:
    repository = Repository(server.root, "modern", "sha256")
    wanted = repository.pushed({"a": "1"})
    assert len(wanted) == 64
    assert run("git rev-parse HEAD", checkout=order(server, repository, wanted)) == 0
    assert own_output(service).strip() == wanted


def test_a_path_below_the_working_directory(
    run: Run, service: FakeService, server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    wanted = repository.pushed({"a": "1"})
    asked = order(server, repository, wanted, path="src/it")
    where = tmp_path / "deep" / "folder"
    assert run("pwd; cat src/it/a", checkout=asked, workdir=str(where)) == 0
    assert own_output(service).split() == [str(where), "1"]


def test_a_folder_that_is_not_empty_is_left_alone(
    run: Run, service: FakeService, server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    wanted = repository.pushed({"a": "1"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("p")
    where = str(tmp_path / "mine")
    assert run("true", checkout=order(server, repository, wanted), workdir=where) == 125
    assert "is not empty" in why(service)
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["precious"]


@pytest.mark.parametrize("depth", [1, 0])
def test_a_server_that_gives_tips_only_is_searched(
    run: Run, service: FakeService, server: GitServer, repository: Repository, depth: int
) -> None:
    server.single_commits = False
    wanted = repository.pushed({"a": "1"})
    for number in range(60):
        repository.commit(message=f"later {number}")
    repository.pushed({"a": "2"})
    assert run("cat a", checkout=order(server, repository, wanted, depth=depth)) == 0
    assert own_output(service) == "1"


@pytest.mark.parametrize("single_commits", [True, False])
def test_a_commit_that_a_force_push_took_off_its_branch(
    run: Run, service: FakeService, server: GitServer, repository: Repository, single_commits: bool
) -> None:
    """A server that still has it gives it; one that gives tips only can't, and that is told."""
    server.single_commits = single_commits
    repository.pushed({"a": "base"})
    wanted = repository.pushed({"a": "replaced"})
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.pushed({"a": "new"})
    status = run("cat a", checkout=order(server, repository, wanted))
    if single_commits:
        assert (status, own_output(service)) == (0, "replaced")
    else:
        assert status == 125
        assert "force-push" in why(service)
        assert wanted in why(service)


def test_a_commit_that_is_gone_for_good(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    repository.pushed({"a": "base"})
    wanted = repository.pushed({"a": "replaced"})
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.pushed({"a": "new"})
    git(repository.bare, "reflog", "expire", "--expire=now", "--all")
    git(repository.bare, "gc", "--quiet", "--prune=now")
    assert run("cat a", checkout=order(server, repository, wanted)) == 125
    assert "refs/heads/main has moved on without it" in why(service)


def test_a_branch_that_was_removed(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    server.single_commits = False
    repository.pushed({"a": "base"})
    repository.git("checkout", "-q", "-b", "topic")
    wanted = repository.commit({"a": "topic"})
    asked = order(server, repository, wanted, ref="refs/heads/topic")
    assert run("cat a", checkout=asked) == 125
    assert "its branch removed" in why(service)


def test_trouble_of_the_network_is_tried_again(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    wanted = repository.pushed({"a": "1"})
    server.troubles.append(503)
    assert run("cat a", checkout=order(server, repository, wanted)) == 0
    assert own_output(service) == "1"
    assert "trying again" in service.log.decode()


@pytest.mark.parametrize(
    ("status", "words"), [(403, "refuses access"), (404, "knows no repository")]
)
def test_a_refusal_is_not_tried_again(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    status: int,
    words: str,
) -> None:
    wanted = repository.pushed({"a": "1"})
    server.troubles.append(status)
    assert run("cat a", checkout=order(server, repository, wanted)) == 125
    assert words in why(service)
    assert len(server.requests) == 1


def test_a_missing_program_after_the_checkout_keeps_the_log(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    wanted = repository.pushed({"a": "1"})
    asked = order(server, repository, wanted)
    assert run("true", by=["no-such-shell"], checkout=asked) == 125
    assert service.report["ended_by"] == "not_started"
    assert "no-such-shell" in service.report["detail"]
    assert service.report["log"]["bytes"] == len(service.log)
    assert b"checkout done" in service.log


def test_a_machine_without_git_says_so(
    start: Start, service: FakeService, server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    """Hidden by a mount of the test's own: the default folders are searched as well."""
    wanted = repository.pushed({"a": "1"})
    service.script("true", checkout=order(server, repository, wanted))
    program = subprocess.check_output(["sh", "-c", "command -v git"], text=True).strip()
    wrapped = ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {program} && exec "$@"']
    if subprocess.run([*wrapped, "sh", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user can't hide git from a process")
    assert start({}, wrapped=[*wrapped, "sh"]).wait() == 125
    assert "There is no git" in why(service)


def test_a_token_opens_a_private_repository(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    server.token = TOKEN
    wanted = repository.pushed({"a": "1"})
    assert run("cat a", checkout=order(server, repository, wanted)) == 0
    assert own_output(service) == "1"


def test_without_its_token_a_private_repository_stays_closed(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    server.token = TOKEN
    wanted = repository.pushed({"a": "1"})
    assert run("cat a", checkout=order(server, repository, wanted, token=None)) == 125
    assert "refuses access" in why(service)
