"""``towline up`` and the commands that talk to it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import Ran, Run, Start, await_end, await_line, processes_with


@dataclass
class Up:
    process: subprocess.Popen[bytes]
    url: str
    token: str
    call: Callable[..., Ran]


@pytest.fixture
def up(start: Start, towline_command: Run) -> Iterator[Up]:
    process = start("up", "--backend", "process", "--port", "0", "--json")
    assert process.stdout is not None
    facts = json.loads(process.stdout.readline())

    def call(*words: str, token: str | None = None, stdin: bytes = b"") -> Ran:
        env = {"TOWLINE_URL": facts["url"], "TOWLINE_TOKEN": token or facts["token"]}
        return towline_command(*words, env=env, stdin=stdin)

    yield Up(process, facts["url"], facts["token"], call)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def enqueue(up: Up, *words: str) -> str:
    ran = up.call("enqueue", *words)
    assert ran.status == 0, ran.err
    return ran.out.decode().strip()


def test_a_job_goes_through_every_command(up: Up) -> None:
    job = enqueue(up, "--name", "first", "--", "sh", "-c", "echo hello; exit 5")
    followed = up.call("log", "--follow", job)
    assert (followed.status, followed.out) == (0, b"hello\n")
    assert followed.err == "towline: failed (5)\n"
    assert up.call("log", "--offset", "3", job).out == b"lo\n"
    assert json.loads(up.call("log", "--json", job).out)["next_offset"] == 6

    shown = up.call("show", job).out.decode()
    assert "\nverdict       failed (5)\n" in shown
    assert "ended by itself with code 5" in shown
    assert json.loads(up.call("show", "--json", job).out)["exit_code"] == 5

    again = up.call("rerun", job).out.decode().strip()
    assert up.call("log", "-f", again).out == b"hello\n"
    assert up.call("log", "-f", "--exit-status", again).status == 5
    assert up.call("log", "--exit-status", again).status == 2

    listed = up.call("jobs", "--verdict", "failed").out.decode()
    assert [line.split()[0] for line in listed.splitlines()] == ["ID", again, job]
    assert [j["id"] for j in json.loads(up.call("jobs", "--json", "-n", "1").out)["jobs"]] == [
        again
    ]
    assert "no jobs like that" in up.call("jobs", "--project", "other").err


def test_a_cancelled_job_ends_and_says_so(up: Up) -> None:
    job = enqueue(up, "--", "sh", "-c", "echo up; sleep 1000")
    cancelled = up.call("cancel", job)
    assert cancelled.status == 0
    assert up.call("log", "-f", job).status == 0
    assert json.loads(up.call("show", "--json", job).out)["verdict"] == "cancelled"
    assert f"job {job} is cancelled" in up.call("cancel", job).err


def test_secrets_are_kept_listed_used_masked_and_removed(up: Up) -> None:
    assert up.call("secret", "set", "KEY", stdin=b"open sesame\n").status == 0
    assert up.call("secret", "list").out == b"KEY\n"
    job = enqueue(up, "--secret", "KEY", "--", "sh", "-c", 'echo "${#KEY} $KEY"')
    assert up.call("log", "-f", job).out == b"11 ***\n"
    assert up.call("secret", "rm", "KEY").status == 0
    assert up.call("secret", "list").out == b""
    gone = up.call("secret", "rm", "KEY")
    assert gone.status == 2
    assert "has no secret 'KEY'" in gone.err
    empty = up.call("secret", "set", "KEY", stdin=b"\n")
    assert empty.status == 2
    assert "can't be empty" in empty.err


def test_registry_credentials_are_kept_listed_and_removed(up: Up) -> None:
    added = up.call("registry", "add", "ghcr.io", "--username", "acme", stdin=b"hunter2\n")
    assert (added.status, added.out) == (0, b"")
    hub = up.call(
        "registry", "add", "hub", "--registry", "docker.io", "--username", "a", stdin=b"p"
    )
    assert hub.status == 0
    rows = [line.split() for line in up.call("registry", "list").out.decode().splitlines()]
    assert rows == [["NAME", "REGISTRY"], ["ghcr.io", "ghcr.io"], ["hub", "docker.io"]]
    refused = up.call("enqueue", "--image", "a/b", "--registry-credentials", "ghcr.io", "--", "x")
    assert refused.status == 2
    assert "--registry-credentials: the registry credentials 'ghcr.io' are for" in refused.err
    assert "hunter2" not in refused.err
    assert up.call("registry", "remove", "hub").status == 0
    gone = up.call("registry", "remove", "hub")
    assert gone.status == 2
    assert "no registry credentials 'hub'" in gone.err
    empty = up.call("registry", "add", "a.io", "--username", "u", stdin=b"\n")
    assert "a password can't be empty" in empty.err


def test_spot_is_taken_with_a_word_where_there_is_none(up: Up) -> None:
    ran = up.call("enqueue", "--spot", "--", "true")
    assert "--spot changes nothing here: the process backend" in ran.err
    shown = json.loads(up.call("show", "--json", ran.out.decode().strip()).out)
    assert shown["capacity"] == "spot"


def test_tokens_have_scopes_and_can_be_revoked(up: Up) -> None:
    made = up.call("token", "create", "reader", "--scope", "read", "--expires", "1h", "--json")
    answer = json.loads(made.out)
    text, token_id = answer["text"], answer["token"]["id"]
    assert up.call("jobs", token=text).status == 0
    refused = up.call("enqueue", "--", "true", token=text)
    assert refused.status == 2
    assert "may not submit jobs" in refused.err
    assert token_id in up.call("token", "list").out.decode()
    assert text.encode() not in up.call("token", "list", "--json").out
    assert up.call("token", "revoke", token_id).status == 0
    assert up.call("jobs", token=text).status == 2
    wrong = up.call("jobs", token="tl_wrong")
    assert wrong.status == 2
    assert "Check TOWLINE_TOKEN" in wrong.err


def test_what_is_not_there_is_told_in_words(up: Up) -> None:
    for words in (("show", "nope"), ("log", "nope"), ("log", "-f", "nope"), ("cancel", "nope")):
        ran = up.call(*words)
        assert ran.status == 2, words
        assert "there is no job 'nope'" in ran.err


def test_the_doctor_sees_the_service_and_a_wrong_token(up: Up) -> None:
    well = json.loads(up.call("doctor", "--json").out)
    checks = {check["check"]: check for check in well["checks"]}
    assert well["ok"]
    assert checks["service"]["state"] == "ok"
    assert checks["process"]["state"] == "ok"
    ill = up.call("doctor", token="tl_wrong")
    assert ill.status == 1
    assert "wrong" in ill.out.decode()


def test_a_log_is_shown_while_the_job_runs(up: Up, start: Start) -> None:
    job = enqueue(up, "--", "sh", "-c", "echo first; sleep 1000")
    env = {"TOWLINE_URL": up.url, "TOWLINE_TOKEN": up.token}
    follower = start("log", "-f", job, env=env)
    await_line(follower, b"first")
    up.call("cancel", job)
    assert follower.wait(30) == 0


def test_a_follower_whose_reader_leaves_ends_quietly(up: Up, start: Start) -> None:
    job = enqueue(up, "--", "sh", "-c", "while :; do echo line; sleep 0.01; done")
    env = {"TOWLINE_URL": up.url, "TOWLINE_TOKEN": up.token}
    follower = start("log", "-f", job, env=env)
    await_line(follower, b"line")
    assert follower.stdout is not None
    assert follower.stderr is not None
    follower.stdout.close()
    assert follower.stderr.read() == b""
    up.call("cancel", job)


def test_a_port_in_use_is_told(towline_command: Run) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        ran = towline_command("up", "--backend", "process", "--port", port)
    assert ran.status == 2
    assert f"can't listen on 127.0.0.1 port {port}" in ran.err
    assert "Traceback" not in ran.err


def test_ctrl_c_ends_the_jobs_and_the_service(start: Start, towline_command: Run) -> None:
    process = start("up", "--backend", "process", "--port", "0")
    assert process.stdout is not None
    exports = dict(
        process.stdout.readline().decode().removeprefix("export ").strip().split("=", 1)
        for _ in range(2)
    )
    await_line(process, b"ready at", "stderr")
    mark = "98765.4321"
    job = towline_command("enqueue", "--", "sleep", mark, env=exports)
    assert job.status == 0, job.err
    found: dict[int, str] = {}
    while not found:
        found = processes_with(mark)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"stopped" in err
    assert b"Traceback" not in err
    await_end(found, 0)
