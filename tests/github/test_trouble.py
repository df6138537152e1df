"""GitHub away, slow, or tired of us: what is tried again, and what is put off."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from chalicelib.github.client.app_key import AppKey
from chalicelib.github.client.errors import (
    GitHubError,
    Misunderstood,
    NotAllowed,
    Refused,
    TryLater,
)
from chalicelib.github.client.exchange import Exchange
from chalicelib.github.client.github import GitHub, Project
from chalicelib.github.client.patience import NONE, Patience
from tests.fakes.github_server import (
    FakeRepository,
    Fault,
    GitHubServer,
    bad_gateway,
    primary_limit,
    secondary_limit,
)
from tests.github.conftest import APP_ID, INSTALLATION, NAME, SHA, Keys, Time

CHECK = {"name": "towline", "status": "queued", "external_id": "b1"}


@pytest.mark.parametrize("fault", [bad_gateway(), Fault(503), Fault(500), Fault(drop=True)])
def test_a_short_trouble_is_over_at_the_next_try(
    server: GitHubServer, project: Project, time: Time, fault: Fault
) -> None:
    server.faults.append(replace(fault, times=2))
    assert project.read.repository(NAME).full_name == NAME
    assert time.slept == [0.5, 1.0]


def test_a_long_trouble_is_put_off(server: GitHubServer, project: Project) -> None:
    server.faults.append(bad_gateway(times=99))
    with pytest.raises(TryLater, match="status 502; to be tried again in 30 s") as later:
        project.read.repository(NAME)
    assert later.value.after_s == 30
    assert not later.value.maybe_done
    assert len(server.asked("GET", "Hello.World$")) == 1 + Patience().tries


def test_trouble_closes_no_door(server: GitHubServer, project: Project) -> None:
    """Only a limit is ours; what is broken may be whole at the next call."""
    server.faults.append(bad_gateway(times=3))
    with pytest.raises(TryLater):
        project.read.repository(NAME)
    assert project.read.repository(NAME).full_name == NAME


def test_a_limit_is_waited_out_before_anything_else_is_sent(
    server: GitHubServer, project: Project, time: Time
) -> None:
    """GitHub blocks who goes on asking."""
    server.faults.append(secondary_limit(60))
    with pytest.raises(TryLater) as first:
        project.read.repository(NAME)
    asked = len(server.records)
    time.forward(seconds=59)
    with pytest.raises(TryLater) as second:
        project.read.commit(NAME, SHA)
    assert (first.value.after_s, second.value.after_s) == (60, 1)
    assert len(server.records) == asked
    assert time.slept == []
    time.forward(seconds=1)
    assert project.read.commit(NAME, SHA).sha == SHA


def test_a_limit_is_of_one_token_alone(
    server: GitHubServer, project: Project, github: GitHub
) -> None:
    server.faults.append(secondary_limit(60))
    with pytest.raises(TryLater):
        project.read.repository(NAME)
    other = github.for_token(SecretStr(server.world.personal_token()), "octo/other")
    assert other.read.repository(NAME).full_name == NAME


@pytest.mark.parametrize("status", [403, 429])
def test_used_up_requests_come_back_when_github_says(
    server: GitHubServer, project: Project, time: Time, status: int
) -> None:
    server.faults.append(primary_limit(time().timestamp() + 900, status=status))
    with pytest.raises(TryLater) as later:
        project.read.repository(NAME)
    assert later.value.after_s == 901


def test_a_limit_of_seconds_is_waited_out_in_the_call(
    server: GitHubServer, project: Project, time: Time
) -> None:
    server.faults.append(secondary_limit(2))
    assert project.read.repository(NAME).full_name == NAME
    assert time.slept == [2.0]


def test_a_limit_without_a_time_is_a_minute_and_never_a_short_pause(
    server: GitHubServer, project: Project, time: Time
) -> None:
    server.faults.append(secondary_limit(None))
    with pytest.raises(TryLater) as later:
        project.read.repository(NAME)
    assert later.value.after_s == 60
    assert time.slept == []


def test_waits_in_one_call_add_up_to_no_more_than_it_may_take(
    server: GitHubServer, project: Project, time: Time
) -> None:
    server.faults.append(secondary_limit(2, times=9))
    with pytest.raises(TryLater):
        project.read.repository(NAME)
    assert sum(time.slept) <= Patience().waits_s


def test_no_patience_means_one_request(
    server: GitHubServer, exchange: Exchange, keys: Keys, repository: FakeRepository
) -> None:
    github = GitHub(replace(exchange, patience=NONE), AppKey(APP_ID, SecretStr(keys.private)))
    server.faults.append(bad_gateway(times=9))
    with pytest.raises(TryLater):
        github.for_installation(INSTALLATION).read.repository(NAME)
    assert len(server.records) == 1


def test_a_status_is_set_again_when_its_answer_was_lost(
    server: GitHubServer, project: Project, repository: FakeRepository
) -> None:
    server.faults.append(Fault(drop=True, after=True, path="/statuses/"))
    project.report.set_status(NAME, SHA, {"state": "success", "context": "towline"})
    assert [each["state"] for each in repository.statuses] == ["success", "success"]


@pytest.mark.parametrize("lost", [Fault(drop=True, after=True), Fault(502, after=True)])
def test_a_check_run_is_never_made_twice_by_itself(
    server: GitHubServer, project: Project, repository: FakeRepository, lost: Fault
) -> None:
    """The caller finds what was made by our own id."""
    server.faults.append(replace(lost, path="/check-runs$", method="POST"))
    with pytest.raises(TryLater) as later:
        project.report.create_check_run(NAME, SHA, CHECK)
    assert later.value.maybe_done
    assert len(repository.check_runs) == 1
    found = project.report.find_check_run(NAME, SHA, "towline", "b1")
    assert found is not None
    assert found.id in repository.check_runs


def test_a_refused_check_run_was_not_made_and_is_tried_again(
    server: GitHubServer, project: Project, repository: FakeRepository
) -> None:
    server.faults.append(secondary_limit(1, path="/check-runs$"))
    project.report.create_check_run(NAME, SHA, CHECK)
    assert len(repository.check_runs) == 1


def test_an_answer_that_never_comes_is_given_up(
    server: GitHubServer, exchange: Exchange, repository: FakeRepository
) -> None:
    held = threading.Event()
    server.faults.append(Fault(hold=held))
    impatient = replace(exchange, patience=Patience(tries=1, timeout_s=0.2))
    with pytest.raises(TryLater, match="too slow"):
        GitHub(impatient).anonymous().read.repository(NAME)
    held.set()


def test_nobody_at_the_address_is_told_without_a_trace(exchange: Exchange, time: Time) -> None:
    closed = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = closed.server_address[1]
    closed.server_close()
    away = replace(exchange, site=replace(exchange.site, api_url=f"http://127.0.0.1:{port}/api/v3"))
    with pytest.raises(TryLater, match="can't be reached") as later:
        GitHub(away).anonymous().report.create_check_run(NAME, SHA, CHECK)
    assert not later.value.maybe_done
    assert len(time.slept) == Patience().tries - 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(200, {"Content-Type": "application/json"}, b"{"), Misunderstood),
        (Fault(200, {"Content-Type": "application/json; charset=odd"}, b"{}"), Misunderstood),
        (Fault(200, {"Content-Type": "application/json"}, b"[]"), Misunderstood),
        (Fault(200, {"Content-Type": "application/json"}, b'{"id": "x"}'), Misunderstood),
        (Fault(200, {"Content-Type": "application/json"}, b"[" * 100_000), Misunderstood),
        (Fault(200, {"Content-Type": "text/html"}, b"<html>"), Misunderstood),
        (Fault(204, {}, b""), Misunderstood),
        (Fault(302, {}, b""), Refused),
        (Fault(400, {"Content-Type": "application/json"}, b"{"), Refused),
        (Fault(422, {"Content-Type": "application/json"}, b"[]"), Refused),
        (Fault(422, {"Content-Type": "application/json"}, b'{"errors": 5}'), Refused),
        (Fault(451, {"Content-Type": "text/html"}, b"<html>"), Refused),
        (Fault(499, {}, b""), Refused),
        (Fault(401, {}, b""), NotAllowed),
        (Fault(403, {"Content-Type": "application/json"}, b'{"message": 5}'), NotAllowed),
    ],
)
def test_any_answer_is_understood_or_has_a_name(
    server: GitHubServer, exchange: Exchange, fault: Fault, kind: type[GitHubError]
) -> None:
    server.faults.append(replace(fault))
    with pytest.raises(kind):
        GitHub(exchange).anonymous().read.repository(NAME)


def test_an_answer_without_an_end_is_not_read_to_it(
    server: GitHubServer, project: Project, repository: FakeRepository
) -> None:
    repository.commits[SHA].files["large"] = b"x" * ((1 << 20) + 1)
    with pytest.raises(Misunderstood, match="more than 1048576 bytes"):
        project.read.file(NAME, "large", SHA)
    assert len(server.asked("GET", "large")) == 1
