"""Every route with good input."""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import app
from chalicelib import wiring
from chalicelib.ports import Scope
from chalicelib.usecases.credentials import claim_token
from tests.app.caller import Caller
from tests.usecases.world import NONCE, SETTINGS, World

REPORT = {
    "exit": {"code": 0, "signal": None},
    "ended_by": "script",
    "argv": ["/bin/sh", "/tmp/script"],
    "started_at": "2026-01-01T00:00:00.000Z",
    "ended_at": "2026-01-01T00:00:02.500Z",
    "log": {"bytes": 3, "chunks": 1, "sha256": "00", "archived": True},
    "a_field_of_a_later_version": 1,
}


def claimed(world: World, caller: Caller, **spec: Any) -> tuple[str, dict[str, Any]]:
    job_id = caller("POST", "/jobs", {"script": "true", **spec}).body["job"]["id"]
    world.dispatcher.launch(job_id)
    body = {"protocol": 1, "job": job_id, "token": claim_token(world.key, job_id, 1)}
    answer = Caller(None)("POST", "/runner/claim", {**body, "nonce": NONCE, "runner": "0.1.0"})
    assert answer.status == 200
    return job_id, answer.body


def test_a_job_goes_from_submit_to_verdict_over_http(world: World, caller: Caller) -> None:
    accepted = caller("POST", "/jobs", {"script": "echo hi\n", "name": "hello"})
    assert accepted.status == 202
    job = accepted.body["job"]
    assert (job["state"], job["name"], job["submitted_by"]) == ("queued", "hello", "root")
    assert accepted.headers["Location"] == f"/jobs/{job['id']}"
    world.dispatcher.launch(job["id"])

    runner = Caller(None)
    who = {"protocol": 1, "job": job["id"]}
    token = claim_token(world.key, job["id"], 1)
    claim = runner("POST", "/runner/claim", {**who, "token": token, "nonce": NONCE}).body
    assert base64.b64decode(claim["work"]["script"]) == b"echo hi\n"
    mine = {**who, "attempt": 1, "lease": claim["lease"]}
    beat = runner("POST", "/runner/heartbeat", {**mine, "log_bytes": 3})
    assert beat.body == {"cancel": False, "permit": None}
    assert runner("POST", "/runner/report", {**mine, "report": REPORT}).status == 200

    world.stop(world.get(job["id"]), 0)
    shown = caller("GET", f"/jobs/{job['id']}").body["job"]
    assert (shown["state"], shown["verdict"], shown["exit_code"]) == ("finished", "passed", 0)
    [attempt] = shown["attempts"]
    assert attempt["report"]["exit"] == {"code": 0, "signal": None}
    assert attempt["stop"]["exit_code"] == 0
    assert attempt["durations"]["script_s"] == 2.5
    assert shown["durations"]["total_s"] == 0


def test_what_is_shown_of_a_job_holds_nothing_secret(world: World, caller: Caller) -> None:
    job_id, claim = claimed(world, caller, env={"KEY": "a-value-of-env"}, script="s3cret-script")
    text = repr(caller("GET", f"/jobs/{job_id}").body) + repr(caller("GET", "/jobs").body)
    for hidden in (NONCE, claim["lease"], "a-value-of-env", "s3cret-script"):
        assert hidden not in text


def test_an_idempotency_key_makes_a_repeat_harmless(world: World, caller: Caller) -> None:
    key = {"Idempotency-Key": "delivery-1"}
    first = caller("POST", "/jobs", {"script": "true"}, headers=key)
    again = caller("POST", "/jobs", {"script": "true"}, headers=key)
    assert (first.status, again.status) == (202, 202)
    assert again.body["job"]["id"] == first.body["job"]["id"]
    other = caller("POST", "/jobs", {"script": "false"}, headers=key)
    assert other.error == (409, "idempotency_mismatch", "Idempotency-Key")


def test_jobs_are_listed_newest_first_in_pages_and_by_filter(world: World, caller: Caller) -> None:
    ids = []
    for number in range(5):
        world.wait(1)
        project = "even" if number % 2 == 0 else "odd"
        body = {"script": "true", "project": project}
        ids.append(caller("POST", "/jobs", body).body["job"]["id"])
    seen, cursor = [], ""
    while True:
        page = caller("GET", f"/jobs?limit=2{cursor}").body
        seen += [job["id"] for job in page["jobs"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"
    assert seen == ids[::-1]
    caller("POST", f"/jobs/{ids[0]}/cancel", {})
    even = caller("GET", "/jobs?project=even&state=finished&verdict=cancelled").body["jobs"]
    assert [job["id"] for job in even] == [ids[0]]


def test_cancel_and_rerun(world: World, caller: Caller) -> None:
    job_id = caller("POST", "/jobs", {"script": "true"}).body["job"]["id"]
    cancelled = caller("POST", f"/jobs/{job_id}/cancel", {})
    assert cancelled.status == 200
    assert cancelled.body["job"]["verdict"] == "cancelled"
    assert caller("POST", f"/jobs/{job_id}/cancel").body == cancelled.body
    rerun = caller("POST", f"/jobs/{job_id}/rerun")
    assert rerun.status == 202
    assert rerun.body["job"]["rerun_of"] == job_id


def test_a_log_is_given_by_offset(world: World, caller: Caller) -> None:
    job_id, _ = claimed(world, caller)
    key = f"logs/{job_id}/1/{0:015d}-{0:08d}-5.gz"
    world.clients.s3().put_object(Bucket="towline-logs", Key=key, Body=gzip.compress(b"a\xffbcd"))
    part = caller("GET", f"/jobs/{job_id}/log?offset=1&limit=3&attempt=1").body
    assert base64.b64decode(part.pop("data")) == b"\xffbc"
    assert part.pop("link") is None
    assert part == {"attempt": 1, "offset": 1, "next_offset": 4, "gap": 0, "complete": False}


def put_log(world: World, job_id: str, data: bytes) -> str:
    key = f"logs/{job_id}/1/{0:015d}-{0:08d}-{len(data)}.gz"
    world.clients.s3().put_object(Bucket="towline-logs", Key=key, Body=gzip.compress(data))
    return key


def test_an_answer_holds_little_of_a_log_and_a_link_to_more(world: World, caller: Caller) -> None:
    job_id, _ = claimed(world, caller)
    key = put_log(world, job_id, bytes(70_000))
    inline = caller("GET", f"/jobs/{job_id}/log?limit=4194304").body
    assert (len(base64.b64decode(inline["data"])), inline["link"]) == (65_536, None)
    part = caller("GET", f"/jobs/{job_id}/log?limit=4194304&link=any&offset=9").body
    link = part.pop("link")
    assert link.pop("url").startswith(f"https://towline-logs.s3.us-east-1.amazonaws.com/{key}?")
    assert link == {"archive": False, "begins": 0, "size": 70_000, "expires_in_s": 300}
    assert part == {
        "attempt": 1,
        "offset": 9,
        "next_offset": 70_000,
        "data": "",
        "gap": 0,
        "complete": False,
    }


def test_a_raw_log_is_a_redirect_that_says_where_it_is_and_what_is_next(
    world: World, caller: Caller
) -> None:
    job_id, _ = claimed(world, caller)
    empty = caller.raw(f"/jobs/{job_id}/log/raw")
    assert (empty.status_code, empty.body) == (204, b"")
    assert empty.headers["X-Towline-Complete"] == "no"
    key = put_log(world, job_id, b"hello\n")
    answer = caller.raw(f"/jobs/{job_id}/log/raw?offset=2&attempt=1")
    assert answer.status_code == 302
    assert f"/{key}?" in answer.headers["Location"]
    told = {name: value for name, value in answer.headers.items() if name.startswith("X-Towline-")}
    assert told == {
        "X-Towline-Attempt": "1",
        "X-Towline-Offset": "0",
        "X-Towline-Next-Offset": "6",
        "X-Towline-Gap": "0",
        "X-Towline-Complete": "no",
    }
    assert caller.raw(f"/jobs/{job_id}/log/raw?offset=6").status_code == 204


def test_a_service_in_memory_has_no_raw_logs(world: World, caller: Caller) -> None:
    job_id, _ = claimed(world, caller)
    world.dispatcher = wiring.build(
        replace(SETTINGS, log_links=False),
        world.clients,
        backend=world.backend,
        queue=world.queue,
        clock=world.clock,
    )
    wiring.use(world.dispatcher)
    put_log(world, job_id, bytes(70_000))
    assert caller("GET", f"/jobs/{job_id}/log/raw").error == (404, "no_links", None)
    part = caller("GET", f"/jobs/{job_id}/log?limit=4194304&link=any").body
    assert (len(base64.b64decode(part["data"])), part["link"]) == (70_000, None)


def test_secrets_are_kept_listed_by_name_and_forgotten(world: World, caller: Caller) -> None:
    put = caller("PUT", "/secrets/TOKEN?project=acme/site", {"value": "s3cret"})
    assert put.body == {"secret": {"project": "acme/site", "name": "TOKEN"}}
    assert caller("GET", "/secrets?project=acme/site").body == {"secrets": ["TOKEN"]}
    assert caller("GET", "/secrets").body == {"secrets": []}
    assert caller("DELETE", "/secrets/TOKEN?project=acme/site").status == 200
    gone = caller("DELETE", "/secrets/TOKEN?project=acme/site")
    assert gone.error == (404, "unknown_secret", None)


def test_tokens_are_made_listed_and_revoked(world: World, caller: Caller) -> None:
    body = {"name": "ci", "scopes": ["submit", "read"], "expires_in_s": 3600}
    made = caller("POST", "/tokens", body)
    assert made.status == 201
    assert made.body["token"]["scopes"] == ["read", "submit"]
    assert Caller(made.body["text"])("GET", "/jobs").status == 200
    listed = caller("GET", "/tokens").body["tokens"]
    assert {token["name"] for token in listed} == {"root", "ci"}
    assert "sha256" not in repr(listed)
    token_id = made.body["token"]["id"]
    assert caller("DELETE", f"/tokens/{token_id}").body == {"revoked": token_id}
    assert Caller(made.body["text"])("GET", "/jobs").error == (401, "bad_token", None)
    assert caller("DELETE", f"/tokens/{token_id}").error == (404, "unknown_token", None)


def test_health_needs_no_token(world: World) -> None:
    answer = Caller(None)("GET", "/health")
    assert (answer.status, answer.body["status"], answer.body["backend"]) == (200, "ok", "fake")


def test_every_route_but_the_runners_and_health_asks_for_a_token(world: World) -> None:
    anyone, nobody = Caller(None), []
    for path, methods in app.app.routes.items():
        for method in methods:
            answer = anyone(method, path.replace("{", "").replace("}", ""), {})
            if answer.status != 401:
                nobody.append(path)
    # A page's key, a runner's token and a delivery's signature are checked by their own tests.
    others = {path for path in nobody if re.match("/(badges|runner|webhooks)/|.*/view(/|$)", path)}
    assert set(nobody) - others == {"/health"}


def test_each_route_takes_the_scope_that_it_needs_and_no_other(world: World) -> None:
    job = world.submit().id
    needs = {
        ("POST", "/jobs"): Scope.SUBMIT,
        ("GET", "/jobs"): Scope.READ,
        ("GET", f"/jobs/{job}"): Scope.READ,
        ("GET", f"/jobs/{job}/log"): Scope.READ,
        ("GET", f"/jobs/{job}/log/raw"): Scope.READ,
        ("POST", f"/jobs/{job}/cancel"): Scope.CANCEL,
        ("POST", f"/jobs/{job}/rerun"): Scope.SUBMIT,
        ("GET", "/secrets"): Scope.ADMIN,
        ("PUT", "/secrets/A"): Scope.ADMIN,
        ("DELETE", "/secrets/A"): Scope.ADMIN,
        ("GET", "/projects"): Scope.ADMIN,
        ("PUT", "/projects?project=a"): Scope.ADMIN,
        ("DELETE", "/projects?project=a"): Scope.ADMIN,
        ("GET", "/registries"): Scope.ADMIN,
        ("PUT", "/registries/A"): Scope.ADMIN,
        ("DELETE", "/registries/A"): Scope.ADMIN,
        ("GET", "/tokens"): Scope.ADMIN,
        ("POST", "/tokens"): Scope.ADMIN,
        ("DELETE", "/tokens/a"): Scope.ADMIN,
    }
    for scope in (Scope.SUBMIT, Scope.READ, Scope.CANCEL):
        _, text = world.dispatcher.create_token(scope.value, [scope])
        for (method, path), needed in needs.items():
            answer = Caller(text)(method, path, {})
            assert (answer.status == 403) == (scope is not needed), (scope, method, path)
            if answer.status == 403:
                assert needed.value in answer.message


def test_the_documented_routes_are_the_apps() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z]+ /[^?`]*)", text, re.MULTILINE))
    served = {
        f"{method} {re.sub('{[a-z]+_id}', '{id}', path)}"
        for path, methods in app.app.routes.items()
        for method in methods
        if not path.startswith("/runner/")
    }
    assert documented == served


def test_costs_are_summed_up_since_a_time(world: World, caller: Caller) -> None:
    claimed(world, caller, project="a")
    answer = caller("GET", "/costs?since=2020-01-01T00:00:00Z")
    assert answer.status == 200
    assert answer.body["cursor"] is None
    [project] = answer.body["projects"]
    assert (project["project"], project["jobs"], project["unfinished"]) == ("a", 1, 1)
    assert caller("GET", "/costs?since=2999-01-01T00:00:00%2B00:00").body["projects"] == []
    assert caller("GET", "/costs").error == (400, "invalid", "since")
    assert caller("GET", "/costs?since=2020-01-01").error == (400, "invalid", "since")
    bad = caller("GET", "/costs?since=2020-01-01T00:00:00Z&cursor=x")
    assert bad.error == (400, "invalid", "cursor")
