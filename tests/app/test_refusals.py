"""Bad requests: each is answered with a status, a code, the field and a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.http.api import MAX_BODY_BYTES
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.credentials import claim_token
from tests.app.caller import Caller
from tests.usecases.world import NONCE, OTHER_NONCE, World

JOB = "01kdzzzzzzzzzzzzzzzzzzzzzz"


@pytest.mark.parametrize(
    ("spec", "code", "field", "words"),
    [
        ({}, "invalid", None, "give exactly one of script, script_base64 and command"),
        ({"script": "a", "command": ["a"]}, "invalid", None, "exactly one"),
        ({"scrip": "a"}, "unknown_field", "scrip", "did you mean script?"),
        ({"script": 7}, "invalid", "script", "script must be a text"),
        ({"script": "a\ud800"}, "invalid_json", None, "the body is not JSON"),
        ({"script_base64": "%"}, "invalid", None, "script_base64 is not base64"),
        ({"script": "a", "timeout_s": 0}, "invalid", "timeout_s", "must be greater than 0"),
        ({"script": "a", "timeout_s": "soon"}, "invalid", "timeout_s", "must be a number"),
        ({"script": "a", "cpu": 99}, "invalid", "cpu", "cpu must be at most 16"),
        ({"script": "a", "memory_mib": 1.5}, "invalid", "memory_mib", "must be a whole number"),
        ({"script": "a", "arch": "z80"}, "invalid", "arch", "must be 'x86_64' or 'arm64'"),
        ({"script": "a", "env": {"A": 1}}, "invalid", "env.A", "must be a text"),
        ({"script": "a", "env": {"A=B": ""}}, "invalid", "env", "can't be an environment variable"),
        ({"script": "a", "env": []}, "invalid", "env", "must be an object"),
        ({"script": "a", "image": "a b"}, "invalid", "image", "is not an image reference"),
        ({"script": "a", "user": "-x"}, "invalid", "user", "is not a user"),
        ({"script": "a", "workdir": "tmp"}, "invalid", "workdir", "must be an absolute path"),
        ({"script": "a", "project": "/x"}, "invalid", "project", "a project's name has"),
        ({"script": "a", "secrets": ["1"]}, "invalid", "secrets", "is not a secret's name"),
        ({"command": [1]}, "invalid", "command[0]", "must be a text"),
        ({"command": "ls"}, "invalid", "command", "must be a list"),
    ],
)
def test_a_bad_spec_is_refused_with_its_field_and_a_sentence(
    world: World, caller: Caller, spec: dict[str, Any], code: str, field: str | None, words: str
) -> None:
    answer = caller("POST", "/jobs", spec)
    assert answer.error == (400, code, field)
    assert words in answer.message
    assert world.queue.take() == []


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_body"),
        (b"  \n", "empty_body"),
        (b"{", "invalid_json"),
        (b"\xff\xfe{}", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"[]", "invalid"),
        (b"null", "invalid"),
        (b'"script"', "invalid"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(caller: Caller, raw: bytes, code: str) -> None:
    assert caller("POST", "/jobs", raw=raw).error == (400, code, None)


def test_a_body_that_is_too_large_is_refused(caller: Caller) -> None:
    answer = caller("POST", "/jobs", raw=b" " * (MAX_BODY_BYTES + 1))
    assert answer.error == (413, "too_large", None)


def test_a_script_beyond_its_limit_is_refused_in_words(caller: Caller) -> None:
    answer = caller("POST", "/jobs", {"script": "x" * ((4 << 20) + 1)})
    assert answer.error == (400, "invalid", None)
    assert "at most 4 MiB" in answer.message


def test_a_body_of_another_type_is_refused(caller: Caller) -> None:
    answer = caller("POST", "/jobs", raw=b"a=b", headers={"Content-Type": "text/plain"})
    assert answer.error == (415, "wrong_content_type", None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=%201", "limit"),
        ("state=paused", "state"),
        ("verdict=ok", "verdict"),
        ("project=%2Fetc", "project"),
        ("cursor=nonsense", "cursor"),
        ("projet=a", "projet"),
    ],
)
def test_a_bad_filter_is_refused(caller: Caller, query: str, field: str) -> None:
    status, _, named = caller("GET", f"/jobs?{query}").error
    assert (status, named) == (400, field)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("offset=-1", 400, "offset"),
        ("limit=0", 400, "limit"),
        ("limit=4194305", 400, "limit"),
        ("attempt=0", 400, "attempt"),
        ("attempt=9", 404, "attempt"),
        ("tail=1", 400, "tail"),
        ("link=yes", 400, "link"),
    ],
)
def test_a_bad_range_of_a_log_is_refused(
    world: World, caller: Caller, query: str, status: int, field: str
) -> None:
    job = world.launched()
    answer = caller("GET", f"/jobs/{job.id}/log?{query}").error
    assert (answer[0], answer[2]) == (status, field)


@pytest.mark.parametrize("job_id", [JOB, "nonsense", "%2e%2e", "x" * 500, JOB.upper()])
@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("GET", "/log"), ("GET", "/log/raw"), ("POST", "/cancel"), ("POST", "/rerun")],
)
def test_a_job_that_does_not_exist_is_a_404(
    caller: Caller, method: str, suffix: str, job_id: str
) -> None:
    assert caller(method, f"/jobs/{job_id}{suffix}").error == (404, "unknown_job", None)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "no_token"),
        ("Basic dXNlcjpwYXNz", "no_token"),
        ("Bearer", "bad_token"),
        ("Bearer tl_000000000000_" + "0" * 64, "bad_token"),
        ("Bearer \u00e9", "bad_token"),
    ],
)
def test_a_call_without_a_good_token_is_refused(world: World, header: str, code: str) -> None:
    answer = Caller(None)("GET", "/jobs", headers={"Authorization": header})
    assert answer.error == (401, code, None)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "caf\u00e9", "build/1/test"])
def test_a_bad_idempotency_key_is_refused(world: World, caller: Caller, key: str) -> None:
    answer = caller("POST", "/jobs", {"script": "true"}, headers={"Idempotency-Key": key})
    assert answer.error == (400, "invalid", "Idempotency-Key")
    assert world.queue.take() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["root"]}, "scopes[0]"),
        ({"name": "a"}, "scopes"),
        ({"name": "a", "scopes": ["read"], "expires_in_s": -1}, "expires_in_s"),
        ({"name": "a", "scopes": ["read"], "id": "x"}, "id"),
    ],
)
def test_a_bad_token_request_is_refused(caller: Caller, body: object, field: str) -> None:
    status, _, named = caller("POST", "/tokens", body).error
    assert (status, named) == (400, field)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/secrets/1A?project=p", {"value": "v"}, "name"),
        ("/secrets/A?project=", {"value": "v"}, "project"),
        ("/secrets/A?project=p", {"value": ""}, "value"),
        ("/secrets/A?project=p", {"value": "v" * 9000}, "value"),
        ("/secrets/A?project=p", {}, "value"),
        ("/secrets/A?projct=p", {"value": "v"}, "projct"),
    ],
)
def test_a_bad_secret_is_refused(caller: Caller, path: str, body: object, field: str) -> None:
    status, _, named = caller("PUT", path, body).error
    assert (status, named) == (400, field)


def test_a_runner_is_refused_with_the_protocols_statuses(world: World, caller: Caller) -> None:
    job = world.launched()
    good = {"protocol": 1, "job": job.id, "token": claim_token(world.key, job.id, 1)}
    runner = Caller(None)
    assert runner("POST", "/runner/claim", {**good, "nonce": "short"}).error == (
        400,
        "invalid",
        "nonce",
    )
    assert runner("POST", "/runner/claim", {**good, "protocol": 2, "nonce": NONCE}).status == 400
    bad = {**good, "token": "1." + "0" * 64, "nonce": NONCE}
    assert runner("POST", "/runner/claim", bad).error == (401, "bad_token", None)
    assert runner("POST", "/runner/claim", {**good, "nonce": NONCE}).status == 200
    twin = runner("POST", "/runner/claim", {**good, "nonce": OTHER_NONCE})
    assert twin.error == (409, "other_runner", None)
    lease = {"protocol": 1, "job": job.id, "attempt": 1, "lease": world.lease(job)}
    world.stop(job, 137)
    assert runner("POST", "/runner/heartbeat", lease).error == (410, "over", None)
    forged = {**lease, "lease": NONCE + "." + "0" * 64}
    assert runner("POST", "/runner/heartbeat", forged).error == (401, "bad_lease", None)


def test_a_report_too_large_for_the_table_is_cut_where_it_is_for_people(
    world: World, caller: Caller
) -> None:
    job = world.running(script=None, command=["x" * 100_000, "y"])
    report = {
        "exit": {"code": None, "signal": None},
        "ended_by": "not_started",
        "detail": "d" * 5000,
        "argv": ["x" * 100_000, "y"],
    }
    body = {"protocol": 1, "job": job.id, "attempt": 1, "lease": world.lease(job)}
    assert Caller(None)("POST", "/runner/report", {**body, "report": report}).status == 200
    kept = world.get(job.id).attempts["1"].report
    assert kept is not None
    assert len(kept.argv[0]) == 4096
    assert kept.detail == "d" * 2000


def test_trouble_of_the_services_own_shows_nothing_of_its_inside(
    world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world.dispatcher.collaborators.store

    def away(*_: object) -> None:
        raise ServiceTrouble("ProvisionedThroughputExceeded for table towline-prod")

    def broken(*_: object) -> None:
        raise KeyError("towline-prod")

    monkeypatch.setattr(store, "get", away)
    answer = caller("GET", f"/jobs/{JOB}")
    assert answer.error == (503, "unavailable", None)
    assert answer.headers["Retry-After"] == "5"
    assert "towline-prod" not in answer.message
    monkeypatch.setattr(store, "get", broken)
    answer = caller("GET", f"/jobs/{JOB}")
    assert answer.error == (500, "internal", None)
    assert "towline-prod" not in answer.message
