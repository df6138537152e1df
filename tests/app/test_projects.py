"""Projects over HTTP: registered, changed, shown; what a submit makes of them; who reaches what."""

from __future__ import annotations

from typing import Any

import pytest

import app
from chalicelib.domain.spec import JobSpec
from chalicelib.ports import Scope
from tests.app.caller import Answer, Caller
from tests.usecases.world import World, a_report

WEB = "/projects?project=acme/web"


def submitted(caller: Caller, **spec: Any) -> dict[str, Any]:
    answer = caller("POST", "/jobs", {"script": "true", **spec})
    assert answer.status == 202, answer.body
    job: dict[str, Any] = answer.body["job"]
    return job


def test_a_project_is_registered_shown_changed_and_forgotten(caller: Caller) -> None:
    made = caller("PUT", "/projects?project=Acme/Web", {"image": "debian:12", "max_jobs": 2})
    assert made.status == 201
    project = made.body["project"]
    assert (project["name"], project["forks"], project["version"]) == ("acme/web", "approval", 1)
    changed = caller("PUT", "/projects?project=acme%2Fweb", {"max_cpu": 4, "image": None})
    assert changed.status == 200
    shown = caller("GET", WEB).body["project"]
    assert shown.pop("slots") == {"taken": 0, "limit": 2}
    assert shown.pop("schedules") == []
    assert shown == changed.body["project"]
    assert (shown["image"], shown["max_cpu"], shown["max_jobs"]) == (None, 4, 2)
    assert [p["name"] for p in caller("GET", "/projects").body["projects"]] == ["acme/web"]
    assert caller("DELETE", "/projects?project=ACME/web").body == {"project": {"name": "acme/web"}}
    for method in ("GET", "DELETE"):
        assert caller(method, WEB).error == (404, "unknown_project", "project")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        (WEB, {"max_job": 1}, (400, "unknown_field", "max_job")),
        (WEB, {"max_jobs": 0}, (400, "invalid", "max_jobs")),
        (WEB, {"max_jobs": 501}, (400, "invalid", "max_jobs")),
        (WEB, {"forks": "maybe"}, (400, "invalid", "forks")),
        (WEB, {"cpu": 4, "max_cpu": 2}, (400, "invalid", None)),
        (WEB, {"image": "a b"}, (400, "invalid", None)),
        (WEB, {"version": 1}, (400, "unknown_field", "version")),
        ("/projects", {}, (400, "missing_field", "project")),
        ("/projects?project=a%20b", {}, (400, "invalid", "project")),
        ("/projects?name=a", {}, (400, "unknown_field", "name")),
    ],
    ids=str,
)
def test_what_a_project_can_not_be_is_refused_in_words(
    caller: Caller, path: str, body: dict[str, Any], error: tuple[int, str, str | None]
) -> None:
    answer = caller("PUT", path, body)
    assert answer.error == error
    assert caller("GET", "/projects").body["projects"] == []


def test_a_job_gets_what_its_project_gives_and_a_rerun_keeps_it(caller: Caller) -> None:
    caller("PUT", WEB, {"image": "debian:12", "cpu": 2, "memory_mib": 4096})
    job = submitted(caller, project="ACME/web")
    given = ("acme/web", "debian:12", 2, 4096)
    assert (job["project"], job["image"], job["cpu"], job["memory_mib"]) == given
    own = submitted(caller, project="acme/web", image="app:1", cpu=1)
    caller("PUT", WEB, {"image": "debian:13", "cpu": 4})
    for first in (job, own):
        again = caller("POST", f"/jobs/{first['id']}/rerun").body["job"]
        for name in ("project", "image", "cpu", "memory_mib"):
            assert again[name] == first[name]


def test_more_than_the_caps_is_refused_at_the_door(caller: Caller) -> None:
    big = submitted(caller, project="acme/web", cpu=4)
    caller("PUT", WEB, {"max_cpu": 2, "max_memory_mib": 4096})
    answer = caller("POST", "/jobs", {"script": "true", "project": "acme/web", "cpu": 4})
    assert answer.error == (400, "over_cap", "cpu")
    assert answer.message == ("cpu: project acme/web allows 2 vCPU at most, and the job asks for 4")
    refused = {"script": "true", "project": "acme/web", "memory_mib": 8192}
    assert caller("POST", "/jobs", refused).error == (400, "over_cap", "memory_mib")
    assert caller("POST", f"/jobs/{big['id']}/rerun").error == (400, "over_cap", "cpu")
    submitted(caller, project="acme/other", cpu=4)


def test_what_was_accepted_stays_so_when_the_project_changes(caller: Caller) -> None:
    key = {"Idempotency-Key": "once"}
    spec = {"script": "true", "project": "Acme/web"}
    caller("PUT", WEB, {"cpu": 2})
    first = caller("POST", "/jobs", spec, headers=key)
    for change in ({"cpu": 1}, {"enabled": False}):
        caller("PUT", WEB, change)
        again = caller("POST", "/jobs", spec, headers=key)
        assert (again.status, again.body) == (202, first.body)
    assert caller("POST", "/jobs", spec).error == (400, "project_disabled", "project")


def test_a_job_that_waits_for_a_slot_says_so(world: World, caller: Caller) -> None:
    caller("PUT", WEB, {"max_jobs": 1})
    first = submitted(caller, project="acme/web")
    second = submitted(caller, project="acme/web")
    for job in (first, second):
        world.dispatcher.take_message(job["id"])
    shown = caller("GET", f"/jobs/{second['id']}").body["job"]
    assert shown["slots"] == {"taken": 1, "limit": 1}
    assert shown["waiting_since"] is not None
    assert "waits for a slot" in " ".join(shown["explanation"])
    assert "slots" not in caller("GET", f"/jobs/{first['id']}").body["job"]
    assert caller("GET", WEB).body["project"]["slots"] == {"taken": 1, "limit": 1}


# --- a stranger's code ---------------------------------------------------------------------------


def test_a_restricted_job_has_no_secrets_no_role_and_no_login_and_its_rerun_neither(
    world: World, caller: Caller
) -> None:
    world.dispatcher.put_secret("acme/web", "TOKEN", "s3cret-value")
    spec = JobSpec(script="true", project="acme/web", secrets=("TOKEN",))
    first = world.dispatcher.submit(spec, submitted_by="fork", restricted=True)
    again = caller("POST", f"/jobs/{first.id}/rerun").body["job"]
    assert again["restricted"]
    for job_id in (first.id, again["id"]):
        world.dispatcher.launch(job_id)
        assert world.claim(world.get(job_id))["work"]["secrets"] == {}
        assert world.backend.requests[-1].role is False
    trusted = world.running(project="acme/web", secrets=["TOKEN"])
    assert world.backend.requests[-1].role is True
    world.report(trusted, world.lease(trusted), a_report(0))
    with_login = spec.model_copy(update={"image": "a:1", "registry_credentials": "own"})
    with pytest.raises(Exception, match="code from a fork gets no registry credentials"):
        world.dispatcher.submit(with_login, submitted_by="fork", restricted=True)


# --- tokens of one project -----------------------------------------------------------------------


@pytest.fixture
def mine(caller: Caller) -> Caller:
    """Calls with a token that is for the project ``mine`` alone."""
    asked = {"name": "ci", "scopes": ["submit", "read", "cancel"], "project": "mine"}
    made = caller("POST", "/tokens", asked).body
    assert made["token"]["project"] == "mine"
    return Caller(made["text"])


def test_a_token_of_one_project_does_all_of_it_there(caller: Caller, mine: Caller) -> None:
    job = submitted(mine)
    assert job["project"] == "mine"
    job_id = submitted(mine, project="mine")["id"]
    for path in ("", "/log"):
        assert mine("GET", f"/jobs/{job_id}{path}").status == 200
    assert mine("POST", f"/jobs/{job_id}/cancel").status == 200
    assert mine("POST", f"/jobs/{job_id}/rerun").status == 202
    assert caller("GET", "/tokens").body["tokens"][-1]["project"] in ("mine", None)


def test_jobs_of_others_are_not_there_for_it(caller: Caller, mine: Caller) -> None:
    other = submitted(caller, project="other")["id"]
    nowhere = other[:-4] + "0000"
    own = submitted(mine)["id"]
    routes = [
        (method, path.replace("{job_id}", "{}"))
        for path, methods in app.app.routes.items()
        for method in methods
        if "{job_id}" in path and not path.endswith("/log/raw")  # there are no links here
    ]
    asks_for_a_token = [r for r in routes if Caller(None)(r[0], r[1].format(own)).status == 401]
    assert len(asks_for_a_token) >= 4
    for method, path in asks_for_a_token:
        answer, unknown = mine(method, path.format(other)), mine(method, path.format(nowhere))
        assert answer.error == (404, "unknown_job", None)
        # Nothing tells a job of others from none.
        assert answer.message.replace(other, "") == unknown.message.replace(nowhere, "")
    assert caller("GET", f"/jobs/{other}").body["job"]["cancel_requested_at"] is None
    assert [job["id"] for job in mine("GET", "/jobs").body["jobs"]] == [own]
    since = "since=2020-01-01T00:00:00Z"
    assert [p["project"] for p in mine("GET", f"/costs?{since}").body["projects"]] == ["mine"]


def test_it_can_name_no_other_project(caller: Caller, mine: Caller) -> None:
    wrong: list[Answer] = [
        mine("POST", "/jobs", {"script": "true", "project": "other"}),
        mine("POST", "/jobs", {"script": "true", "project": "default"}),
        mine("POST", "/jobs", {"script": "true", "project": "Mine"}),
        mine("GET", "/jobs?project=other"),
        mine("GET", "/costs?since=2020-01-01T00:00:00Z&project=other"),
    ]
    for answer in wrong:
        assert answer.error == (403, "wrong_project", "project")
        assert answer.message == "the token 'ci' is for project mine alone"
    assert caller("GET", "/jobs").body["jobs"] == []


def test_it_goes_with_its_project_when_that_is_registered(caller: Caller) -> None:
    asked = {"name": "ci", "scopes": ["submit", "read"], "project": "Acme/Web"}
    web = Caller(caller("POST", "/tokens", asked).body["text"])
    caller("PUT", WEB, {})
    for name in ("acme/web", "Acme/Web"):
        job = submitted(web, project=name)
        assert job["project"] == "acme/web"
        assert web("GET", f"/jobs/{job['id']}").status == 200


def test_an_admins_token_is_never_of_one_project(world: World, caller: Caller) -> None:
    asked = {"name": "ci", "scopes": ["read", "admin"], "project": "mine"}
    answer = caller("POST", "/tokens", asked)
    assert answer.error == (400, "invalid", "scopes")
    with pytest.raises(ValueError, match="admin"):
        world.dispatcher.create_token("ci", [Scope.ADMIN], project="mine")
