"""The calls, against a GitHub that checks each by its published description when it is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from chalicelib.github.check_runs import build_check, job_check
from chalicelib.github.client.app_key import AppKey
from chalicelib.github.client.errors import (
    BadCredentials,
    Misunderstood,
    NotAllowed,
    NotFound,
    Refused,
)
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.github import GitHub, Project
from chalicelib.github.outcome import Outcome, Phase
from chalicelib.github.statuses import build_status
from chalicelib.github.told import BuildTold, JobTold, Problem
from tests.fakes.github_server import (
    Description,
    FakeCommit,
    FakePullRequest,
    FakeRepository,
    Fault,
    GitHubServer,
)
from tests.fakes.github_server.payloads import NOWHERE
from tests.github.conftest import APP_ID, INSTALLATION, OLD_SHA, SHA, Keys, Time

NAME = "Octo-Org/Hello.World"


@pytest.fixture
def project(github: GitHub, repository: FakeRepository) -> Project:
    return github.for_installation(INSTALLATION)


def test_the_fake_checks_by_the_description(
    described: Description, server: GitHubServer, project: Project
) -> None:
    """Otherwise all other tests here would pass for the wrong reason."""
    with pytest.raises(Refused, match="perfect"):
        project.report.set_status(NAME, SHA, {"state": "perfect", "context": "x"})
    with pytest.raises(Refused, match="knows no colour"):
        project.report.set_status(NAME, SHA, {"state": "success", "colour": "green"})
    assert len(server.wrong) == 2
    server.wrong.clear()


@pytest.mark.parametrize(
    ("login", "may"),
    [
        ("octocat", True),
        ("boss", True),
        ("reader", False),
        ("stranger", False),
        ("a-bot[bot]", False),
    ],
)
def test_who_may_push(
    project: Project, repository: FakeRepository, login: str, *, may: bool
) -> None:
    repository.permissions |= {"boss": "admin", "reader": "read"}
    assert project.read.may_push(NAME, login) is may


def test_nobody_may_push_whom_github_does_not_know(server: GitHubServer, project: Project) -> None:
    path = "/collaborators/gone/permission"
    gone = b'{"message": "Not Found"}'
    server.faults.append(Fault(method="GET", path=path, status=404, body=gone))
    assert not project.read.may_push(NAME, "gone")


def test_a_repository_and_its_new_name(
    server: GitHubServer, project: Project, repository: FakeRepository
) -> None:
    server.world.renamed["octo-org/old"] = repository.name
    found = project.read.repository("octo-org/old")
    assert (found.id, found.full_name) == (repository.id, NAME)
    assert (found.private, found.default_branch) == (True, "main")


def test_a_post_follows_a_renamed_repository_too(
    server: GitHubServer, project: Project, repository: FakeRepository
) -> None:
    server.world.renamed["octo-org/old"] = repository.name
    project.report.set_status("octo-org/old", SHA, {"state": "pending", "context": "towline"})
    assert repository.last_statuses(SHA) == {"towline": "pending"}


def test_a_file_as_it_is_at_a_commit(
    server: GitHubServer, project: Project, repository: FakeRepository
) -> None:
    odd = "dir/a b#c?d%e.yml"
    repository.commits[NOWHERE] = FakeCommit(NOWHERE, {odd: b"\xff\r\n\x00", "empty": b""})
    assert project.read.file(NAME, ".towline.yml", SHA) == b"script: true\n"
    assert project.read.file(NAME, ".towline.yml", OLD_SHA) is None
    assert project.read.file(NAME, "README", "c" * 40) is None
    assert project.read.file(NAME, odd, NOWHERE) == b"\xff\r\n\x00"
    assert server.asked("GET", r"/contents/dir/a%20b%23c%3Fd%25e\.yml$")
    assert project.read.file(NAME, "empty", NOWHERE) == b""


def test_a_folder_is_no_file(project: Project) -> None:
    with pytest.raises(Misunderstood, match="not a file"):
        project.read.file(NAME, "docs", SHA)


def test_a_commits_message(project: Project) -> None:
    commit = project.read.commit(NAME, SHA)
    assert (commit.sha, commit.message) == (SHA, "The second\n\n[skip ci]")


def test_what_changed_between_two_commits(project: Project, repository: FakeRepository) -> None:
    repository.commits[NOWHERE] = FakeCommit(NOWHERE, {f"f{number}": b"" for number in range(300)})
    assert project.read.paths_between(NAME, OLD_SHA, SHA) == (
        ".towline.yml", "README", "docs/a.md",
    )  # fmt: skip
    assert project.read.paths_between(NAME, "c" * 40, SHA) is None
    assert project.read.paths_between(NAME, NOWHERE, SHA) is None


def test_a_pull_request_and_all_pages_of_its_files(
    project: Project, repository: FakeRepository
) -> None:
    paths = [f"file-{number:04}" for number in range(250)]
    repository.pull_requests[3] = FakePullRequest(
        3, SHA, "topic", OLD_SHA, "main", "mallory/Hello.World", paths=paths
    )
    pull = project.read.pull_request(NAME, 3)
    assert (pull.head.sha, pull.base.ref, pull.from_fork) == (SHA, "main", True)
    assert project.read.paths_of_pull_request(NAME, 3) == tuple(paths)
    repository.pull_requests[3].paths = [f"{number}" for number in range(1001)]
    assert project.read.paths_of_pull_request(NAME, 3) is None


def test_a_status(project: Project, repository: FakeRepository) -> None:
    build = BuildTold("b1", Outcome(Phase.RUNNING), "https://towline.example/builds/b1")
    project.report.set_status(NAME, SHA, build_status(build))
    assert repository.last_statuses(SHA) == {"towline": "pending"}
    with pytest.raises(Refused, match="No commit found") as refused:
        project.report.set_status(NAME, "c" * 40, build_status(build))
    assert refused.value.status == 422


def test_a_check_runs_life(project: Project, repository: FakeRepository, time: Time) -> None:
    def told(outcome: Outcome, **details: Any) -> dict[str, Any]:
        return job_check(JobTold("j1", "unit", outcome, "https://towline.example/j1", **details))

    assert project.report.find_check_run(NAME, SHA, "towline/unit", "j1") is None
    made = project.report.create_check_run(NAME, SHA, told(Outcome(Phase.QUEUED)))
    running = told(Outcome(Phase.RUNNING), started_at=time())
    assert project.report.update_check_run(NAME, made.id, running).status == "in_progress"
    skipped = told(Outcome(Phase.SKIPPED), finished_at=time())
    done = project.report.update_check_run(NAME, made.id, skipped)
    assert (done.status, done.conclusion) == ("completed", "skipped")
    found = project.report.find_check_run(NAME, SHA, "towline/unit", "j1")
    assert found is not None
    assert found.id == made.id
    assert repository.check_runs[made.id]["details_url"] == "https://towline.example/j1"


def test_a_check_run_with_problems_at_lines(project: Project, repository: FakeRepository) -> None:
    problems = tuple(Problem(".towline.yml", line, "is wrong") for line in range(60))
    build = BuildTold("b1", Outcome(Phase.REFUSED), "", problems=problems)
    made = project.report.create_check_run(NAME, SHA, build_check(build))
    assert made.conclusion == "failure"
    assert len(repository.check_runs[made.id]["output"]["annotations"]) == 50


def test_a_check_run_is_found_among_many(project: Project, repository: FakeRepository) -> None:
    told = job_check(JobTold("x", "unit", Outcome(Phase.QUEUED), ""))
    for number in range(130):
        repository.check_runs[number] = {
            **told, "id": number, "head_sha": SHA, "external_id": f"j{number}", "conclusion": None,
        }  # fmt: skip
    found = project.report.find_check_run(NAME, SHA, "towline/unit", "j129")
    assert found is not None
    assert found.id == 129
    assert project.report.find_check_run(NAME, SHA, "towline/unit", "j130") is None


def test_only_the_app_makes_check_runs(
    github: GitHub, server: GitHubServer, repository: FakeRepository
) -> None:
    project = github.for_token(SecretStr(server.world.personal_token()), NAME)
    assert not project.checks
    check = job_check(JobTold("j1", "unit", Outcome(Phase.QUEUED), ""))
    with pytest.raises(NotAllowed, match="GitHub App"):
        project.report.create_check_run(NAME, SHA, check)
    project.report.set_status(NAME, SHA, {"state": "pending", "context": "towline"})
    assert repository.last_statuses(SHA) == {"towline": "pending"}


def test_what_the_installation_sees_page_by_page(
    github: GitHub, server: GitHubServer, repository: FakeRepository
) -> None:
    for number in range(120):
        server.world.repository(f"octo-org/r{number}", installation=INSTALLATION)
    server.world.repository("other/one", installation=8)
    names = {each.full_name for each in github.repositories_of(INSTALLATION)}
    assert len(names) == 121
    assert "other/one" not in names


def test_which_installation_sees_a_repository(
    github: GitHub, server: GitHubServer, repository: FakeRepository
) -> None:
    server.world.repository("other/one")
    assert github.installation_of(NAME) == INSTALLATION
    assert github.installation_of("other/one") is None


def test_an_installations_token_is_kept_until_shortly_before_its_end(
    project: Project, server: GitHubServer, time: Time
) -> None:
    def made() -> int:
        return len(server.asked("POST", "access_tokens"))

    project.read.repository(NAME)
    project.read.repository(NAME)
    assert made() == 1
    time.forward(minutes=54)
    project.read.repository(NAME)
    assert made() == 1
    time.forward(minutes=2)
    project.read.repository(NAME)
    assert made() == 2


def test_a_token_that_was_revoked_is_made_anew_once(project: Project, server: GitHubServer) -> None:
    project.read.repository(NAME)
    server.world.tokens.clear()
    assert project.read.repository(NAME).full_name == NAME
    server.faults.append(Fault(401, body=b'{"message": "Bad credentials"}', method="GET", times=9))
    with pytest.raises(NotAllowed, match="Bad credentials"):
        project.read.repository(NAME)


def test_a_jobs_token_reads_one_repository_and_nothing_else(
    github: GitHub, server: GitHubServer, repository: FakeRepository, time: Time
) -> None:
    other = server.world.repository("octo-org/other", installation=INSTALLATION)
    other.commits[SHA] = FakeCommit(SHA, {})
    given = github.checkout_token(INSTALLATION, repository.id)
    assert given.expires_at == time() + timedelta(hours=1)
    job = github.for_token(given.token, "a job")
    assert job.read.file(NAME, "README", SHA) == b"new\n"
    with pytest.raises(NotFound):
        job.read.repository("octo-org/other")
    with pytest.raises(NotAllowed, match="not accessible"):
        job.report.set_status(NAME, SHA, {"state": "success", "context": "towline"})
    assert github.checkout_token(INSTALLATION, repository.id).token != given.token


def test_an_app_that_is_not_installed_there_gets_no_token(
    github: GitHub, repository: FakeRepository
) -> None:
    with pytest.raises(NotFound):
        github.for_installation(99).read.repository(NAME)


def test_a_wrong_key_is_told_in_words(exchange: Exchange, repository: FakeRepository) -> None:
    for text in ("", "not a key", "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n"):
        github = GitHub(exchange, AppKey(APP_ID, SecretStr(text)))
        with pytest.raises(BadCredentials, match="whole PEM file") as refusal:
            github.for_installation(INSTALLATION).read.repository(NAME)
        assert "c2VjcmV0" not in str(refusal.value)
        assert refusal.value.__cause__ is None


def test_a_key_in_one_line_is_taken(
    exchange: Exchange, keys: Keys, repository: FakeRepository
) -> None:
    """So secrets are often stored."""
    text = keys.private.strip().replace("\n", "\\n")
    github = GitHub(exchange, AppKey(APP_ID, SecretStr(text)))
    assert github.installation_of(NAME) == INSTALLATION


def test_without_an_app_its_calls_say_so(exchange: Exchange) -> None:
    with pytest.raises(BadCredentials, match="no GitHub App is configured"):
        GitHub(exchange).installation_of(NAME)


@pytest.mark.parametrize("text", ["", " ", "two words", "line\nend", "\N{SNOWMAN}"])
def test_what_can_be_no_token_is_refused_before_it_is_sent(github: GitHub, text: str) -> None:
    with pytest.raises(BadCredentials) as refusal:
        github.for_token(SecretStr(text), NAME)
    assert not text.strip() or text not in str(refusal.value)


@pytest.mark.parametrize("name", ["x", "a/b/c", "../x", "a/..", "a/b?c", "", "a/b\n"])
def test_what_is_no_repository_is_never_asked_for(
    server: GitHubServer, github: GitHub, name: str
) -> None:
    with pytest.raises(ValueError, match="owner/repo"):
        github.anonymous().read.repository(name)
    assert not server.records
